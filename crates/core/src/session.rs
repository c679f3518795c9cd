//! A session: one signed-in browser or program. The decision at a refresh is in `rotation`.

use core::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::clock::Timestamp;
use crate::cutoff::{Cutoff, Cutoffs};
use crate::denial::{self, Denial, DenialReason, Denied};
use crate::end_reason::EndReason;
use crate::id::{SessionId, UserId};
use crate::user::User;

/// How many idempotency keys a session remembers.
pub const REMEMBERED_KEYS: usize = 4;

/// The record that every refresh reads and writes. It does not grow with the number of refreshes, and
/// is usually smaller than 400 bytes. Values that never change after the sign-in and that no decision
/// needs are in [`SessionOrigin`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Session {
    /// The session's id, the `sid` of its tokens.
    #[serde(rename = "id")]
    pub id: SessionId,
    /// The user it belongs to.
    #[serde(rename = "sub")]
    pub user: UserId,
    /// When it was opened; the `iat` of its refresh tokens.
    #[serde(rename = "new")]
    pub opened_at: Timestamp,
    /// When the user authenticated at the provider, if the provider reports it.
    #[serde(rename = "auth", default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<Timestamp>,
    /// When it expires at the latest; no refresh extends this.
    #[serde(rename = "abs")]
    pub absolute_end: Timestamp,
    /// When it expires unless it is refreshed; every rotation moves it, up to the absolute end.
    #[serde(rename = "idle")]
    pub idle_end: Timestamp,
    /// The generation of the current refresh token.
    #[serde(rename = "gen")]
    pub generation: u64,
    /// Hashes of the idempotency keys of the latest rotations, newest first.
    #[serde(rename = "keys", default)]
    pub keys: RecentIdempotencyKeys,
    /// When the current generation was issued.
    #[serde(rename = "rot")]
    pub rotated_at: Timestamp,
    /// When the last access token issued so far expires. The lifetime configured today may be
    /// shorter.
    #[serde(rename = "acc")]
    pub access_until: Timestamp,
    /// The key the session is bound to (RFC 9449), if any.
    #[serde(rename = "jkt", default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<Thumbprint>,
    /// The number of the user's identity that it was opened with
    /// ([`LinkedIdentity::number`](crate::LinkedIdentity::number)). The session ends when that
    /// identity is removed.
    #[serde(rename = "via", default, skip_serializing_if = "is_zero")]
    pub identity: u32,
    /// The cutoffs in force when it was opened; a later one ends it.
    #[serde(rename = "cut", default, skip_serializing_if = "Cutoffs::is_empty")]
    pub cutoffs: Cutoffs,
    /// Whether it was ended.
    #[serde(
        rename = "end",
        default,
        skip_serializing_if = "SessionStatus::is_live"
    )]
    pub status: SessionStatus,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Where a session was opened. Written once, when it is opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionOrigin {
    /// The id of the provider that authenticated the user.
    pub provider: String,
    /// The `User-Agent` header of the sign-in, truncated.
    pub user_agent: Option<String>,
    /// The IP address of the sign-in.
    pub address: Option<String>,
}

/// Whether a session was ended. An ended session is never reopened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// It was not ended; it may have expired.
    #[default]
    Live,
    /// It was ended; it may have expired before.
    Ended {
        /// When it was ended.
        at: Timestamp,
        /// Why it was ended.
        reason: EndReason,
    },
}

impl SessionStatus {
    /// Whether the session has not been ended.
    pub const fn is_live(&self) -> bool {
        matches!(self, Self::Live)
    }
}

/// The lifetimes of a new session.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// Lifetime of an access token.
    pub access: Duration,
    /// Lifetime of the session, from sign-in to its absolute end.
    pub absolute: Duration,
    /// How long the session stays open without a refresh.
    pub idle: Duration,
}

impl Session {
    /// A new session. Its first access token is issued at `now`.
    pub fn open(
        id: SessionId,
        user: UserId,
        binding: Option<Thumbprint>,
        now: Timestamp,
        lifetimes: Lifetimes,
    ) -> Self {
        // JWT claims are whole seconds; the record must agree with them.
        let absolute_end = now.plus(lifetimes.absolute).floor_to_second();
        Self {
            id,
            user,
            opened_at: now,
            auth_time: None,
            absolute_end,
            idle_end: now.plus(lifetimes.idle).min(absolute_end),
            generation: 0,
            keys: RecentIdempotencyKeys::default(),
            rotated_at: now,
            access_until: now.plus(lifetimes.access).min(absolute_end),
            binding,
            identity: 0,
            cutoffs: Cutoffs::default(),
            status: SessionStatus::Live,
        }
    }

    /// The same session, ended at `at`; unchanged if it was ended before.
    #[must_use]
    pub fn ended(&self, at: Timestamp, reason: EndReason) -> Self {
        let mut session = self.clone();
        if session.status.is_live() {
            session.status = SessionStatus::Ended { at, reason };
        }
        session
    }

    /// The same session after these cutoffs of its user and of all users: ended if one of them ends
    /// it. The stored record might not have been updated yet.
    #[must_use]
    pub fn under(&self, user: Option<&Cutoff>, everyone: Option<&Cutoff>) -> Self {
        let user = user.filter(|it| it.ends(self.id, self.cutoffs.user));
        let everyone = everyone.filter(|it| it.ends(self.id, self.cutoffs.everyone));
        match user.or(everyone) {
            Some(cutoff) => self.ended(cutoff.at, cutoff.reason),
            None => self.clone(),
        }
    }

    /// The same session, ended if its user no longer has the identity that it was opened with.
    #[must_use]
    pub fn of(&self, user: &User) -> Self {
        if user.has_identity(self.identity) {
            self.clone()
        } else {
            self.ended(self.rotated_at, EndReason::IdentityRemoved)
        }
    }

    /// The same session, expired permanently. If it expired because a clock ran ahead, it must not
    /// become valid again when the clock is corrected.
    #[must_use]
    pub fn over(&self) -> Self {
        let mut session = self.clone();
        session.idle_end = Timestamp::default();
        session
    }

    /// The denial that refuses every access token ever issued for this session.
    pub fn denial(&self, at: Timestamp, reason: DenialReason) -> Denial {
        Denial {
            denied: Denied::Session(self.id),
            reason,
            at,
            until: self.access_until.max(at).plus(denial::CLOCK_SKEW),
            cutoff: None,
            note: None,
        }
    }
}

/// The first 128 bits of the SHA-256 of an `Idempotency-Key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; 16]);

/// The SHA-256 thumbprint of a public key (RFC 7638).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Thumbprint(pub [u8; 32]);

/// Hashes of the idempotency keys of the latest rotations, newest first; `None` for a rotation
/// without one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecentIdempotencyKeys(Vec<Option<KeyHash>>);

impl RecentIdempotencyKeys {
    /// Adds the key of a new rotation and drops the oldest.
    pub fn push(&mut self, key: Option<KeyHash>) {
        self.0.insert(0, key);
        self.0.truncate(REMEMBERED_KEYS);
    }

    /// Drops all keys.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether the rotation `age` generations ago (1 = the latest) was made with this key.
    pub fn made_with(&self, age: u64, key: Option<KeyHash>) -> bool {
        let index = age
            .checked_sub(1)
            .and_then(|index| usize::try_from(index).ok());
        let remembered = index.and_then(|index| self.0.get(index)).copied().flatten();
        key.is_some() && remembered == key
    }
}

macro_rules! serde_as_base64url {
    ($name:ident, $length:literal) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.0))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                let mut bytes = [0; $length];
                match URL_SAFE_NO_PAD.decode_slice(text.as_ref(), &mut bytes) {
                    Ok($length) => Ok(Self(bytes)),
                    _ => Err(de::Error::custom(concat!(
                        stringify!($length),
                        " bytes of base64url expected"
                    ))),
                }
            }
        }
    };
}

serde_as_base64url!(KeyHash, 16);
serde_as_base64url!(Thumbprint, 32);

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{KeyHash, Lifetimes, Session, Thumbprint};
    use crate::clock::Timestamp;
    use crate::id::{SessionId, UserId};
    use crate::rotation::{Decision, Limits, Presented, decide};

    #[test]
    fn record_stays_under_400_bytes_after_10_000_rotations() {
        let limits = Limits {
            access: Duration::from_mins(10),
            idle: Duration::from_hours(336),
        };
        let lifetimes = Lifetimes {
            access: limits.access,
            absolute: Duration::from_hours(720),
            idle: limits.idle,
        };
        let thumbprint = Some(Thumbprint([255; 32]));
        let mut now = Timestamp::from_millis(1_800_000_000_123);
        let ids = (SessionId::from_bytes([9; 16]), UserId::from_bytes([8; 16]));
        let mut session = Session::open(ids.0, ids.1, thumbprint, now, lifetimes);
        session.auth_time = Some(now);
        session.identity = 99;
        for generation in 0..10_000 {
            now = now.plus(Duration::from_millis(77));
            let key = Some(KeyHash(
                [u8::try_from(generation % 251).expect("small"); 16],
            ));
            let presented = Presented {
                generation,
                key,
                proof: thumbprint,
                user_banned: false,
            };
            session = match decide(&session, &presented, now, limits) {
                Decision::Rotated(next) => next,
                other => panic!("generation {generation}: {other:?}"),
            };
        }
        let record = serde_json::to_string(&session).expect("a session serializes");
        assert!(record.len() < 400, "{} bytes: {record}", record.len());
        let read: Session = serde_json::from_str(&record).expect("a session is read back");
        assert_eq!(read, session);
    }

    #[test]
    fn records_without_auth_time_can_be_read() {
        let lifetimes = Lifetimes {
            access: Duration::from_mins(10),
            absolute: Duration::from_hours(720),
            idle: Duration::from_hours(336),
        };
        let now = Timestamp::from_millis(1_800_000_000_123);
        let ids = (SessionId::from_bytes([9; 16]), UserId::from_bytes([8; 16]));
        let mut session = Session::open(ids.0, ids.1, None, now, lifetimes);
        let unknown = serde_json::to_value(&session).expect("a session serializes");
        assert_eq!(unknown.get("auth"), None);
        session.auth_time = Some(now);
        let mut known = unknown.clone();
        known["auth"] = serde_json::json!(now.as_millis());
        assert_eq!(serde_json::from_value::<Session>(known).ok(), Some(session));
        let read = serde_json::from_value::<Session>(unknown).expect("a session is read back");
        assert_eq!(read.auth_time, None);
    }
}
