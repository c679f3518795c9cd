//! `[tokens]`: lifetimes, algorithm and binding.

use core::time::Duration;

use latchkey_axum::{Binding, TokenSettings};
use latchkey_core::SigningAlgorithm;
use latchkey_tokens::access::MAX_LIFETIME;
use serde::Deserialize;

use super::config_errors::ConfigErrors;
use super::duration::HumanDuration;

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a section")]
pub(super) struct TokensSection {
    access_ttl: Option<HumanDuration>,
    refresh_ttl: Option<HumanDuration>,
    idle_ttl: Option<HumanDuration>,
    binding: Option<String>,
    algorithm: Option<String>,
    key_rotation: Option<HumanDuration>,
}

impl TokensSection {
    pub(super) fn check(self, errors: &mut ConfigErrors) -> Option<TokenSettings> {
        let default = TokenSettings::default();
        let or = |value: Option<HumanDuration>, default| value.map_or(default, |value| value.0);
        let config = TokenSettings {
            access_ttl: or(self.access_ttl, default.access_ttl),
            refresh_ttl: or(self.refresh_ttl, default.refresh_ttl),
            idle_ttl: or(self.idle_ttl, default.idle_ttl),
            algorithm: match self.algorithm.as_deref() {
                None | Some("ES256") => SigningAlgorithm::ES256,
                Some("EdDSA") => SigningAlgorithm::EdDSA,
                Some(other) => {
                    errors.add(format!(
                        "tokens.algorithm: {other:?} is not one of \"ES256\", \"EdDSA\""
                    ));
                    return None;
                }
            },
            key_rotation: or(self.key_rotation, default.key_rotation),
            binding: match self.binding.as_deref() {
                Some("off") => Binding::Off,
                None | Some("refresh") => Binding::Refresh,
                Some("full") => Binding::Full,
                Some("required") => Binding::Required,
                Some(other) => {
                    errors.add(format!(
                        "tokens.binding: {other:?} is not one of \"off\", \"refresh\", \"full\", \
                         \"required\""
                    ));
                    return None;
                }
            },
        };
        let mut check_range = |key: &str, value: Duration, min: Duration, max: Duration| {
            if value < min || value > max {
                let [value, min, max] = [value, min, max].map(HumanDuration);
                errors.add(format!(
                    "tokens.{key}: {value} is not between {min} and {max}"
                ));
            }
        };
        let second = Duration::from_secs(1);
        check_range("access_ttl", config.access_ttl, second, MAX_LIFETIME);
        check_range(
            "refresh_ttl",
            config.refresh_ttl,
            config.access_ttl,
            400 * DAY,
        );
        check_range("idle_ttl", config.idle_ttl, second, 400 * DAY);
        check_range("key_rotation", config.key_rotation, 60 * MINUTE, 400 * DAY);
        Some(config)
    }
}
