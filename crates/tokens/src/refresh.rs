//! Refresh tokens: JWTs that only servers with the same master key can verify. The same session and
//! generation always give the same bytes, so that a refresh token can be issued again without being
//! stored. The decision on a presented token is in `latchkey_core::rotation`.
//!
//! ```
//! use core::time::Duration;
//!
//! use latchkey_core::session::Lifetimes;
//! use latchkey_core::{Session, SessionId, Timestamp, UserId};
//! use latchkey_tokens::{MasterKey, RefreshTokens, SystemRng};
//!
//! let lifetimes = Lifetimes {
//!     access: Duration::from_secs(10 * 60),
//!     absolute: Duration::from_secs(30 * 86_400),
//!     idle: Duration::from_secs(14 * 86_400),
//! };
//! let (id, user) = (SessionId::random(&SystemRng), UserId::random(&SystemRng));
//! let now = Timestamp::from_secs(1_800_000_000);
//! let session = Session::open(id, user, None, now, lifetimes);
//!
//! let tokens = RefreshTokens::new("https://id.example", &MasterKey::random(&SystemRng));
//! let token = tokens.issue(&session);
//! assert_eq!(token, tokens.issue(&session));
//! let claims = tokens.verify_signature(&token)?;
//! assert_eq!((claims.sid, claims.generation), (id, 0));
//! # Ok::<(), latchkey_tokens::RefreshTokenError>(())
//! ```

use core::fmt;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use latchkey_core::{Session, SessionId, UserId};
use serde::{Deserialize, Serialize};

use crate::jws::{self, Header, Unverified};
use crate::master_key::{MasterKey, Purpose};

const TYPE: &str = "rt+jwt";
const ALGORITHM: &str = "HS256";

/// The claims of a refresh token. Times are whole seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshClaims {
    /// Issuer: the server's public URL.
    pub iss: String,
    /// Audience: the issuer's token endpoint.
    pub aud: String,
    /// The user.
    pub sub: UserId,
    /// The session.
    pub sid: SessionId,
    /// The generation: the number of rotations before this token.
    #[serde(rename = "gen")]
    pub generation: u64,
    /// When the session was opened.
    pub iat: u64,
    /// The session's absolute end.
    pub exp: u64,
}

/// Why a refresh token is refused; the reason is for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the refresh token is invalid: {0}")]
pub struct RefreshTokenError(pub &'static str);

/// Issues and verifies refresh tokens.
pub struct RefreshTokens {
    issuer: String,
    audience: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl RefreshTokens {
    /// Refresh tokens of the server whose public URL is `issuer`. Their key is derived from the
    /// master key.
    pub fn new(issuer: &str, master: &MasterKey) -> Self {
        let key = master.derive(Purpose::RefreshTokens);
        Self {
            issuer: issuer.to_owned(),
            audience: format!("{issuer}/auth/token"),
            encoding: EncodingKey::from_secret(key.as_slice()),
            decoding: DecodingKey::from_secret(key.as_slice()),
        }
    }

    /// The refresh token of the session's current generation.
    #[expect(
        clippy::missing_panics_doc,
        reason = "HMAC accepts any key and any message"
    )]
    pub fn issue(&self, session: &Session) -> String {
        let claims = RefreshClaims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: session.user,
            sid: session.id,
            generation: session.generation,
            iat: session.opened_at.as_secs(),
            exp: session.absolute_end.as_secs(),
        };
        let header = Header {
            typ: TYPE.to_owned(),
            alg: ALGORITHM.to_owned(),
            kid: None,
        };
        jws::sign(&header, &claims, &self.encoding, Algorithm::HS256)
            .expect("HMAC accepts any key and any message")
    }

    /// Verifies everything but the time: `exp` is the absolute end of the session, which is checked
    /// with the session's record.
    pub fn verify_signature(&self, token: &str) -> Result<RefreshClaims, RefreshTokenError> {
        let token = Unverified::<Header>::parse(token).map_err(RefreshTokenError)?;
        if token.header.typ != TYPE || token.header.alg != ALGORITHM || token.header.kid.is_some() {
            return Err(RefreshTokenError(
                "the header is not that of a refresh token",
            ));
        }
        let claims: RefreshClaims = token
            .verify(&self.decoding, Algorithm::HS256)
            .map_err(RefreshTokenError)?;
        if claims.iss != self.issuer {
            return Err(RefreshTokenError("`iss` is not this server"));
        }
        if claims.aud != self.audience {
            return Err(RefreshTokenError(
                "`aud` is not the token endpoint of this server",
            ));
        }
        Ok(claims)
    }
}

impl fmt::Debug for RefreshTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshTokens")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use latchkey_core::session::Lifetimes;
    use latchkey_core::{Session, SessionId, Timestamp, UserId};
    use secrecy::ExposeSecret as _;

    use super::RefreshTokens;
    use crate::{MasterKey, SystemRng};

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_999);

    fn session() -> Session {
        let lifetimes = Lifetimes {
            access: Duration::from_mins(10),
            absolute: Duration::from_hours(720),
            idle: Duration::from_hours(336),
        };
        let ids = (SessionId::from_bytes([1; 16]), UserId::from_bytes([2; 16]));
        Session::open(ids.0, ids.1, None, NOW, lifetimes)
    }

    #[test]
    fn same_session_and_generation_give_the_same_bytes_on_every_server() {
        let master = MasterKey::random(&SystemRng);
        let again = MasterKey::parse(master.to_text().expose_secret()).expect("a key");
        let (one, two) = (
            RefreshTokens::new("https://id.example", &master),
            RefreshTokens::new("https://id.example", &again),
        );
        let mut moved = session();
        moved.rotated_at = NOW.plus(Duration::from_secs(5));
        moved.idle_end = NOW;
        assert_eq!(one.issue(&session()), two.issue(&moved));
        moved.generation = 1;
        assert_ne!(one.issue(&session()), two.issue(&moved));
    }

    #[test]
    fn token_contains_session_generation_and_absolute_end() {
        let tokens = RefreshTokens::new("https://id.example", &MasterKey::random(&SystemRng));
        let session = session();
        let token = tokens.issue(&session);
        let claims = tokens.verify_signature(&token).expect("a valid token");
        assert_eq!(
            (claims.sid, claims.sub, claims.generation),
            (session.id, session.user, 0)
        );
        let end = Timestamp::from_secs(claims.exp);
        assert_eq!(end, session.absolute_end, "the token and the record differ");
    }

    #[test]
    fn altered_token_or_other_key_or_issuer_is_refused() {
        let master = MasterKey::random(&SystemRng);
        let tokens = RefreshTokens::new("https://id.example", &master);
        let token = tokens.issue(&session());
        let other_key = RefreshTokens::new("https://id.example", &MasterKey::random(&SystemRng));
        let other_issuer = RefreshTokens::new("https://other.example", &master);
        assert!(other_key.verify_signature(&token).is_err());
        assert!(other_issuer.verify_signature(&token).is_err());
        for text in [
            "",
            "a.b.c",
            &token[1..],
            &format!("{token}="),
            &token.replace('.', ".."),
        ] {
            assert!(
                tokens.verify_signature(text).is_err(),
                "{text:?} was accepted"
            );
        }
    }
}
