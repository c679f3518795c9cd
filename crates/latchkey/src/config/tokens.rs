//! `[tokens]`

use core::time::Duration;

use latchkey_axum::{Binding, TokenSettings};
use latchkey_core::SigningAlgorithm;
use latchkey_tokens::access::MAX_LIFE;
use serde::Deserialize;

use super::duration::Written;
use super::mistakes::Mistakes;

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokensSection {
    access_ttl: Option<Written>,
    refresh_ttl: Option<Written>,
    idle_ttl: Option<Written>,
    binding: Option<String>,
    algorithm: Option<String>,
    key_rotation: Option<Written>,
}

impl TokensSection {
    pub(super) fn check(self, mistakes: &mut Mistakes) -> Option<TokenSettings> {
        let default = TokenSettings::default();
        let or = |written: Option<Written>, default| written.map_or(default, |written| written.0);
        let config = TokenSettings {
            access_ttl: or(self.access_ttl, default.access_ttl),
            refresh_ttl: or(self.refresh_ttl, default.refresh_ttl),
            idle_ttl: or(self.idle_ttl, default.idle_ttl),
            algorithm: match self.algorithm.as_deref() {
                None | Some("ES256") => SigningAlgorithm::ES256,
                Some("EdDSA") => SigningAlgorithm::EdDSA,
                Some(other) => {
                    mistakes.add(format!(
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
                    mistakes.add(format!(
                        "tokens.binding: {other:?} is not one of \"off\", \"refresh\", \"full\", \
                         \"required\""
                    ));
                    return None;
                }
            },
        };
        let mut within = |key: &str, value: Duration, least: Duration, most: Duration| {
            if value < least || value > most {
                mistakes.add(format!(
                    "tokens.{key}: {value:?} is not between {least:?} and {most:?}"
                ));
            }
        };
        let second = Duration::from_secs(1);
        within("access_ttl", config.access_ttl, second, MAX_LIFE);
        within(
            "refresh_ttl",
            config.refresh_ttl,
            config.access_ttl,
            400 * DAY,
        );
        within("idle_ttl", config.idle_ttl, second, 400 * DAY);
        within("key_rotation", config.key_rotation, 60 * MINUTE, 400 * DAY);
        Some(config)
    }
}
