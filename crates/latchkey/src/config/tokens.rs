//! `[tokens]`

use core::time::Duration;

use latchkey_core::SigningAlgorithm;
use latchkey_tokens::access::MAX_LIFE;
use serde::Deserialize;

use super::duration::Written;
use super::mistakes::Mistakes;

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// How long tokens live and how they are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokensConfig {
    /// `access_ttl`: life of an access token.
    pub access_ttl: Duration,
    /// `refresh_ttl`: from sign-in to the absolute end of a session.
    pub refresh_ttl: Duration,
    /// `idle_ttl`: the longest pause between two refreshes.
    pub idle_ttl: Duration,
    /// `algorithm`: what access tokens are signed with.
    pub algorithm: SigningAlgorithm,
    /// `key_rotation`: how long a signing key signs.
    pub key_rotation: Duration,
    /// `binding`: what a DPoP proof at sign-in binds to its key.
    pub binding: Binding,
}

/// What a DPoP proof (RFC 9449) at sign-in binds to its key. Without a proof the tokens are plain,
/// unless one is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// Nothing.
    Off,
    /// The session's refresh tokens.
    Refresh,
    /// The session's refresh tokens and access tokens.
    Full,
    /// The same, and a sign-in without a proof is refused.
    Required,
}

impl Binding {
    /// Whether the token endpoints look at proofs.
    pub const fn takes_proofs(self) -> bool {
        !matches!(self, Self::Off)
    }

    /// Whether access tokens are bound, too.
    pub const fn binds_access_tokens(self) -> bool {
        matches!(self, Self::Full | Self::Required)
    }

    /// Whether a sign-in without a proof is refused.
    pub const fn requires_proofs(self) -> bool {
        matches!(self, Self::Required)
    }
}

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
    pub(super) fn check(self, mistakes: &mut Mistakes) -> Option<TokensConfig> {
        let or = |written: Option<Written>, default| written.map_or(default, |written| written.0);
        let config = TokensConfig {
            access_ttl: or(self.access_ttl, 10 * MINUTE),
            refresh_ttl: or(self.refresh_ttl, 30 * DAY),
            idle_ttl: or(self.idle_ttl, 14 * DAY),
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
            key_rotation: or(self.key_rotation, 30 * DAY),
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
