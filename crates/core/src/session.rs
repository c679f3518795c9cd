//! A session: one signed-in browser or program.

use core::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::clock::Timestamp;
use crate::cutoff::{Cutoff, Cutoffs};
use crate::denial::{self, Denial, DenialReason, Denied};
use crate::end_reason::EndReason;
use crate::id::{SessionId, UserId};

/// How many idempotency keys a session remembers.
pub const REMEMBERED_KEYS: usize = 4;

/// The record that every refresh reads and writes; of constant size, under 400 bytes.
/// What never changes after the sign-in and is not needed to decide lives in [`SessionOrigin`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Session {
    /// Its id, the `sid` of its tokens.
    #[serde(rename = "id")]
    pub id: SessionId,
    /// Whose it is.
    #[serde(rename = "sub")]
    pub user: UserId,
    /// When it was opened; the `iat` of its refresh tokens.
    #[serde(rename = "new")]
    pub opened_at: Timestamp,
    /// When the person proved who they are, if the provider says so.
    #[serde(rename = "auth", default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<Timestamp>,
    /// No refresh extends this.
    #[serde(rename = "abs")]
    pub absolute_end: Timestamp,
    /// Moves ahead with every rotation, never past the absolute end.
    #[serde(rename = "idle")]
    pub idle_end: Timestamp,
    /// The generation of the refresh token in force.
    #[serde(rename = "gen")]
    pub generation: u64,
    /// Hashes of the idempotency keys of the latest rotations, newest first.
    #[serde(rename = "keys", default)]
    pub keys: RecentIdempotencyKeys,
    /// When the generation in force began.
    #[serde(rename = "rot")]
    pub rotated_at: Timestamp,
    /// When the last access token issued so far expires, whatever the life configured today.
    #[serde(rename = "acc")]
    pub access_until: Timestamp,
    /// The key the session is bound to (RFC 9449), if any.
    #[serde(rename = "jkt", default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<Thumbprint>,
    /// The cut-offs in force when it was opened: a later one ends it.
    #[serde(rename = "cut", default, skip_serializing_if = "Cutoffs::is_empty")]
    pub cutoffs: Cutoffs,
    /// Whether it lives.
    #[serde(
        rename = "end",
        default,
        skip_serializing_if = "SessionStatus::is_live"
    )]
    pub status: SessionStatus,
}

/// Written once, when the session is opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionOrigin {
    /// The provider that vouched for the person.
    pub provider: String,
    /// The `User-Agent` of the sign-in, cut to a bounded length.
    pub user_agent: Option<String>,
    /// The address it came from.
    pub address: Option<String>,
}

/// The life of a session: it ends once and for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// Its refresh token can be used.
    #[default]
    Live,
    /// It was ended before its time.
    Ended {
        /// When.
        at: Timestamp,
        /// Why.
        reason: EndReason,
    },
}

impl SessionStatus {
    /// Whether the session has not been ended.
    pub const fn is_live(&self) -> bool {
        matches!(self, Self::Live)
    }
}

/// How long a new session may live.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// Life of an access token.
    pub access: Duration,
    /// From sign-in to the absolute end.
    pub absolute: Duration,
    /// From one refresh to the latest moment of the next.
    pub idle: Duration,
}

impl Session {
    /// A session that begins now, with its first access token.
    pub fn open(
        id: SessionId,
        user: UserId,
        binding: Option<Thumbprint>,
        now: Timestamp,
        lifetimes: Lifetimes,
    ) -> Self {
        // JWT claims carry whole seconds: what is written there must be what is kept here.
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
            cutoffs: Cutoffs::default(),
            status: SessionStatus::Live,
        }
    }

    /// The same session, ended now; unchanged if it was ended before.
    #[must_use]
    pub fn ended(&self, at: Timestamp, reason: EndReason) -> Self {
        let mut session = self.clone();
        if session.status.is_live() {
            session.status = SessionStatus::Ended { at, reason };
        }
        session
    }

    /// The same session as these cut-offs, of its user and of everyone, leave it: its record may
    /// not say yet that it has ended.
    #[must_use]
    pub fn under(&self, user: Option<&Cutoff>, everyone: Option<&Cutoff>) -> Self {
        let user = user.filter(|it| it.ends(self.id, self.cutoffs.user));
        let everyone = everyone.filter(|it| it.ends(self.id, self.cutoffs.everyone));
        match user.or(everyone) {
            Some(cutoff) => self.ended(cutoff.at, cutoff.reason),
            None => self.clone(),
        }
    }

    /// The same session, past its idle end whatever a clock says from now on: what a clock ended
    /// that was ahead stays so.
    #[must_use]
    pub fn over(&self) -> Self {
        let mut session = self.clone();
        session.idle_end = Timestamp::default();
        session
    }

    /// The denial that refuses every access token this session was ever given.
    pub fn denial(&self, at: Timestamp, reason: DenialReason) -> Denial {
        Denial {
            denied: Denied::Session(self.id),
            reason,
            at,
            until: self.access_until.max(at).plus(denial::CLOCK_SKEW),
            cutoff: None,
        }
    }
}

/// The first 128 bits of the SHA-256 of an `Idempotency-Key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; 16]);

/// The SHA-256 thumbprint of a public key (RFC 7638).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Thumbprint(pub [u8; 32]);

/// Hashes of the idempotency keys of the latest rotations, newest first; `None` where a rotation
/// came without one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecentIdempotencyKeys(Vec<Option<KeyHash>>);

impl RecentIdempotencyKeys {
    /// Remembers the key of a new rotation and forgets the oldest.
    pub fn push(&mut self, key: Option<KeyHash>) {
        self.0.insert(0, key);
        self.0.truncate(REMEMBERED_KEYS);
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether the rotation `age` generations ago (1 = the latest) was made with this very key.
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
    fn the_record_stays_under_400_bytes_after_10_000_rotations() {
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
        let record = serde_json::to_string(&session).expect("a session serialises");
        assert!(record.len() < 400, "{} bytes: {record}", record.len());
        let read: Session = serde_json::from_str(&record).expect("a session is read back");
        assert_eq!(read, session);
    }

    #[test]
    fn records_from_before_an_unknown_age_are_read() {
        let lifetimes = Lifetimes {
            access: Duration::from_mins(10),
            absolute: Duration::from_hours(720),
            idle: Duration::from_hours(336),
        };
        let now = Timestamp::from_millis(1_800_000_000_123);
        let ids = (SessionId::from_bytes([9; 16]), UserId::from_bytes([8; 16]));
        let mut session = Session::open(ids.0, ids.1, None, now, lifetimes);
        let unknown = serde_json::to_value(&session).expect("it serialises");
        assert_eq!(unknown.get("auth"), None);
        session.auth_time = Some(now);
        let mut known = unknown.clone();
        known["auth"] = serde_json::json!(now.as_millis());
        assert_eq!(serde_json::from_value::<Session>(known).ok(), Some(session));
        let back = serde_json::from_value::<Session>(unknown).expect("it is read");
        assert_eq!(back.auth_time, None);
    }
}
