//! How Latchkey behaves: values only. Where they come from (code or a configuration file) is the
//! business of whoever builds it.

mod public_url;

use core::num::NonZeroU32;
use core::time::Duration;
use std::net::IpAddr;

use ipnet::IpNet;
use latchkey_core::{Rights, SigningAlgorithm};
use latchkey_tokens::access::MAX_LIFE;

pub use public_url::PublicUrl;

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// All settings.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Who is admitted and who has the role `admin`.
    pub rights: Rights,
    /// Lives and algorithms of tokens.
    pub tokens: TokenSettings,
    /// Rate limits and the number of sessions.
    pub limits: Limits,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// Whether the only provider returns to `/callback` instead of `/callback/NAME`.
    pub bare_callback: bool,
}

impl Settings {
    /// Refuses values with which no token would be valid or nobody could sign in.
    pub(crate) fn check(&self) -> Result<(), String> {
        let TokenSettings {
            access_ttl,
            refresh_ttl,
            idle_ttl,
            key_rotation,
            ..
        } = self.tokens;
        let second = Duration::from_secs(1);
        for (name, value, least, most) in [
            ("access_ttl", access_ttl, second, MAX_LIFE),
            ("refresh_ttl", refresh_ttl, access_ttl, 400 * DAY),
            ("idle_ttl", idle_ttl, second, 400 * DAY),
            ("key_rotation", key_rotation, 60 * MINUTE, 400 * DAY),
        ] {
            if value < least || value > most {
                return Err(format!(
                    "tokens.{name}: {value:?} is not between {least:?} and {most:?}"
                ));
            }
        }
        if self.limits.max_sessions == 0 || self.limits.connections_per_address == Some(0) {
            return Err(
                "limits: max_sessions and connections_per_address must be at least 1".into(),
            );
        }
        Ok(())
    }
}

/// Token lifetimes, signatures and binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenSettings {
    /// Lifetime of an access token: 1 second to 24 hours; 10 minutes by default.
    pub access_ttl: Duration,
    /// Lifetime of a session, from the sign-in to its absolute end: `access_ttl` to 400 days; 30
    /// days by default.
    pub refresh_ttl: Duration,
    /// The longest time between two refreshes: 1 second to 400 days; 14 days by default.
    pub idle_ttl: Duration,
    /// The algorithm that access tokens are signed with; ES256 by default.
    pub algorithm: SigningAlgorithm,
    /// How long a signing key is used before the next one replaces it: 1 hour to 400 days; 30 days
    /// by default.
    pub key_rotation: Duration,
    /// What a DPoP proof at sign-in binds to its key.
    pub binding: Binding,
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self {
            access_ttl: 10 * MINUTE,
            refresh_ttl: 30 * DAY,
            idle_ttl: 14 * DAY,
            algorithm: SigningAlgorithm::ES256,
            key_rotation: 30 * DAY,
            binding: Binding::Refresh,
        }
    }
}

/// What a DPoP proof (RFC 9449) at sign-in binds to its key. Tokens of a sign-in without a proof
/// are plain bearer tokens, unless a proof is required.
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

/// Rate limits by address and by session, the connections of an address and the sessions of a user.
/// `None` means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sign-ins that one address starts or finishes, and invalid tokens that it sends. Beyond it:
    /// 429. A sign-in counts twice.
    pub per_address: Option<Rate>,
    /// Refreshes and revocations of one session from one address.
    pub per_session: Option<Rate>,
    /// Connections that are open from one address at once.
    pub connections_per_address: Option<u32>,
    /// Live sessions of one user. A sign-in beyond that ends the least recently used one.
    pub max_sessions: usize,
}

impl Limits {
    /// 6000 a minute: enough for an office behind one address where everyone signs in at nine, and
    /// too little for one client to occupy the server.
    pub const DEFAULT_RATE: Rate = Rate {
        count: NonZeroU32::new(6000).expect("not zero"),
        per: MINUTE,
    };
    /// An office of some hundred people behind one address does not notice.
    pub const DEFAULT_CONNECTIONS: u32 = 1000;
    /// Enough for any person's devices.
    pub const DEFAULT_SESSIONS: usize = 100;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_address: Some(Self::DEFAULT_RATE),
            per_session: Some(Self::DEFAULT_RATE),
            connections_per_address: Some(Self::DEFAULT_CONNECTIONS),
            max_sessions: Self::DEFAULT_SESSIONS,
        }
    }
}

/// A rate limit: a burst of up to `count` requests, replenished evenly over `per`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The number of requests.
    pub count: NonZeroU32,
    /// The time in which `count` requests are replenished.
    pub per: Duration,
}

/// The networks of the proxies whose `X-Forwarded-For` is believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Reads an address or a network, such as `10.0.0.7` or `10.0.0.0/8`.
    pub fn parse(text: &str) -> Result<IpNet, String> {
        let canonical = |address: IpAddr| address.to_canonical().into();
        let address = || text.parse().ok().map(canonical);
        let network: Option<IpNet> = text.parse().ok().or_else(address);
        network.ok_or_else(|| {
            format!(
                "{text:?} is not an address or a network; write one such as \"10.0.0.7\" or \
                 \"10.0.0.0/8\""
            )
        })
    }

    /// Whether no proxy is trusted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this address belongs to a trusted proxy.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl FromIterator<IpNet> for TrustedProxies {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        Self(networks.into_iter().collect())
    }
}
