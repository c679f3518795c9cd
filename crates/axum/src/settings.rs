//! How Latchkey behaves: values only. Where they come from (code or a configuration file) is the
//! business of whoever builds it.

mod public_url;

use core::num::NonZeroU32;
use core::time::Duration;
use std::net::IpAddr;

use ipnet::IpNet;
use latchkey_core::{Rights, SigningAlgorithm};

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

/// How long tokens live and how they are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenSettings {
    /// Life of an access token.
    pub access_ttl: Duration,
    /// From the sign-in to the absolute end of a session.
    pub refresh_ttl: Duration,
    /// The longest pause between two refreshes.
    pub idle_ttl: Duration,
    /// What access tokens are signed with.
    pub algorithm: SigningAlgorithm,
    /// How long a signing key signs.
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

/// What a DPoP proof (RFC 9449) at sign-in binds to its key. Tokens of a sign-in without a proof are
/// plain bearer tokens, unless a proof is required.
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

/// How often one address and one session may ask for what costs most, how many connections an
/// address may hold (`None`: no limit), and how many sessions a user may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sign-ins started and finished, and invalid tokens, from one address.
    pub per_address: Option<Rate>,
    /// Refreshes and revocations of one session from one address.
    pub per_session: Option<Rate>,
    /// Connections that are open from one address at once.
    pub connections_per_address: Option<u32>,
    /// Live sessions of one user. A sign-in beyond that ends the least recently used one.
    pub max_sessions: usize,
}

impl Limits {
    /// A hundred a second: one client cannot keep a server from others for long, and an office behind
    /// one address that signs in at nine does not notice. A sign-in counts twice.
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

/// So many at once; what is used comes back evenly over this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: NonZeroU32,
    /// In what time.
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
