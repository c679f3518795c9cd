//! The settings, as values. Reading them from a configuration file does not belong here.

mod mail;
mod public_url;

use core::num::NonZeroU32;
use core::time::Duration;
use std::net::IpAddr;

use ipnet::IpNet;
use latchkey_core::{RecordClass, Rights, SigningAlgorithm};
use latchkey_tokens::access::MAX_LIFETIME;

pub use mail::{InvalidMail, Mail, MailSecurity};
pub use public_url::PublicUrl;

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// All settings.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Which users may sign in and which have the role `admin`.
    pub rights: Rights,
    /// Lifetimes, algorithm and binding of tokens.
    pub tokens: TokenSettings,
    /// Rate limits and the maximum number of sessions.
    pub limits: Limits,
    /// How long audit records are kept.
    pub audit: AuditSettings,
    /// The proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: TrustedProxies,
    /// Whether the only provider redirects to `/callback` instead of `/callback/NAME`.
    pub bare_callback: bool,
}

impl Settings {
    /// Fails if a token lifetime, the key rotation or a limit is out of range.
    pub(crate) fn check(&self) -> Result<(), String> {
        let TokenSettings {
            access_ttl,
            refresh_ttl,
            idle_ttl,
            key_rotation,
            ..
        } = self.tokens;
        let second = Duration::from_secs(1);
        for (name, value, min, max) in [
            ("access_ttl", access_ttl, second, MAX_LIFETIME),
            ("refresh_ttl", refresh_ttl, access_ttl, 400 * DAY),
            ("idle_ttl", idle_ttl, second, 400 * DAY),
            ("key_rotation", key_rotation, 60 * MINUTE, 400 * DAY),
        ] {
            if value < min || value > max {
                return Err(format!(
                    "tokens.{name}: {value:?} is not between {min:?} and {max:?}"
                ));
            }
        }
        let (min, max) = AuditSettings::RETENTIONS;
        let audit = self.audit;
        for (name, value) in [
            ("retention", audit.retention),
            ("refresh_retention", audit.refresh_retention),
        ] {
            if value < min || value > max {
                return Err(format!(
                    "audit.{name}: {value:?} is not between {min:?} and {max:?}"
                ));
            }
        }
        if audit.max_records < AuditSettings::MIN_RECORDS {
            let min = AuditSettings::MIN_RECORDS;
            return Err(format!("audit.max_records must be at least {min}"));
        }
        if self.limits.max_sessions == 0 || self.limits.connections_per_address == Some(0) {
            return Err(
                "limits: max_sessions and connections_per_address must be at least 1".into(),
            );
        }
        Ok(())
    }
}

/// Token lifetimes, the signature algorithm and binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenSettings {
    /// The lifetime of an access token: 1 second to 24 hours; 10 minutes by default.
    pub access_ttl: Duration,
    /// The lifetime of a session, however often it is refreshed: `access_ttl` to 400 days; 30 days
    /// by default.
    pub refresh_ttl: Duration,
    /// The maximum time between two refreshes: 1 second to 400 days; 14 days by default.
    pub idle_ttl: Duration,
    /// The algorithm that signs access tokens; ES256 by default.
    pub algorithm: SigningAlgorithm,
    /// How long a signing key is used before the next one replaces it: 1 hour to 400 days; 30 days
    /// by default.
    pub key_rotation: Duration,
    /// Which tokens are bound to the key of a DPoP proof at sign-in; refresh tokens by default.
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

/// How long audit records are kept, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditSettings {
    /// How long a record is kept: 1 hour to 10 years; 90 days by default.
    pub retention: Duration,
    /// How long the record of a refresh is kept: 1 hour to 10 years; 30 days by default.
    pub refresh_retention: Duration,
    /// The maximum number of records of each class ([`RecordClass`]): 1,000 or more; a million by
    /// default. The oldest of the class are removed first.
    pub max_records: usize,
}

impl AuditSettings {
    /// The smallest allowed value of `max_records`.
    pub const MIN_RECORDS: usize = 1000;
    /// The shortest and the longest time that records can be kept.
    pub const RETENTIONS: (Duration, Duration) =
        (Duration::from_hours(1), Duration::from_hours(24 * 3660));

    pub(crate) fn retention_of(&self, class: RecordClass) -> Duration {
        match class {
            RecordClass::Refreshes => self.refresh_retention,
            RecordClass::UserActs | RecordClass::OperatorActs | RecordClass::Refusals => {
                self.retention
            }
        }
    }
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            retention: 90 * DAY,
            refresh_retention: 30 * DAY,
            max_records: 1_000_000,
        }
    }
}

/// Which tokens are bound to the key of a DPoP proof (RFC 9449) at sign-in. A sign-in without a
/// proof yields bearer tokens, unless a proof is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// None.
    Off,
    /// The session's refresh tokens.
    Refresh,
    /// The session's refresh tokens and access tokens.
    Full,
    /// Like `Full`, and a sign-in without a proof is refused.
    Required,
}

impl Binding {
    /// Whether the token endpoints verify proofs.
    pub const fn accepts_proofs(self) -> bool {
        !matches!(self, Self::Off)
    }

    /// Whether access tokens are bound.
    pub const fn binds_access_tokens(self) -> bool {
        matches!(self, Self::Full | Self::Required)
    }

    /// Whether a sign-in without a proof is refused.
    pub const fn requires_proofs(self) -> bool {
        matches!(self, Self::Required)
    }
}

/// Rate limits by address and by session, and the maximum numbers of connections per address and
/// sessions per user. `None` means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests from one address that start or complete a sign-in, create a local account, change its
    /// password, or contain an invalid token. A sign-in with a provider counts twice. Further requests
    /// are refused with 429.
    pub per_address: Option<Rate>,
    /// Refreshes and revocations of one session from one address.
    pub per_session: Option<Rate>,
    /// Open connections from one address.
    pub connections_per_address: Option<u32>,
    /// Live sessions of one user. A further sign-in ends the least recently used one.
    pub max_sessions: usize,
}

impl Limits {
    /// 6000 per minute: enough for an office behind one address where everyone signs in at nine,
    /// too little for one client to use all of the server's capacity.
    pub const DEFAULT_RATE: Rate = Rate {
        count: NonZeroU32::new(6000).expect("not zero"),
        per: MINUTE,
    };
    /// Enough for an office of several hundred people behind one address.
    pub const DEFAULT_CONNECTIONS: u32 = 1000;
    /// Enough for the devices of one user.
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

/// Who may create a local account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignUp {
    /// Only an operator.
    #[default]
    Off,
    /// A person with an invitation.
    Invite,
    /// Everyone.
    Open,
}

/// The networks of the proxies whose `X-Forwarded-For` is trusted.
///
/// ```
/// use latchkey_axum::TrustedProxies;
///
/// let networks = ["10.0.0.0/8", "192.0.2.7"].map(TrustedProxies::parse);
/// let proxies: TrustedProxies = networks.into_iter().collect::<Result<_, _>>()?;
/// assert!(proxies.contains("10.1.2.3".parse()?));
/// assert!(!proxies.contains("192.0.2.8".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Parses an address or a network, such as `10.0.0.7` or `10.0.0.0/8`.
    pub fn parse(text: &str) -> Result<IpNet, String> {
        let canonical = |address: IpAddr| address.to_canonical().into();
        let address = || text.parse().ok().map(canonical);
        let network: Option<IpNet> = text.parse().ok().or_else(address);
        network.ok_or_else(|| {
            format!(
                "{text:?} is not an IP address or network; use a value such as \"10.0.0.7\" or \
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
