//! Access tokens: JWTs (RFC 9068) signed with a key of the key ring, which anyone can verify with
//! the published keys. The denylist is not consulted here.
//!
//! ```
//! use core::time::Duration;
//!
//! use latchkey_core::{Cutoffs, SessionId, SigningAlgorithm, Timestamp, TokenId, UserId};
//! use latchkey_tokens::{AccessTokens, Grant, KeyRing, MasterKey, SigningKey, SystemRng};
//!
//! let now = Timestamp::from_secs(1_800_000_000);
//! let master = MasterKey::random(&SystemRng);
//! let key = SigningKey::generate(SigningAlgorithm::ES256, &master, now, now)?;
//! let ring = KeyRing::open(&[key], &master)?;
//!
//! let tokens = AccessTokens::new("https://id.example", "latchkey");
//! let grant = Grant {
//!     user: UserId::random(&SystemRng),
//!     session: SessionId::random(&SystemRng),
//!     cutoffs: Cutoffs::default(),
//!     token: TokenId::random(&SystemRng),
//!     auth_time: Some(now),
//!     email: Some("ada@example.com".to_owned()),
//!     email_verified: true,
//!     name: None,
//!     roles: Vec::new(),
//!     extra: serde_json::Map::new(),
//!     binding: None,
//!     issued_at: now,
//!     expires_at: now.plus(Duration::from_secs(600)),
//! };
//! let token = tokens.issue(&ring, grant)?;
//!
//! let claims = tokens.verify(&ring, &token, now)?;
//! assert_eq!(claims.aud, "https://id.example/api");
//! assert_eq!(claims.exp - claims.iat, 600);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::time::Duration;

use latchkey_core::session::Thumbprint;
use latchkey_core::{Cutoffs, SessionId, Timestamp, TokenId, UserId, denial};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::EXPIRY_LEEWAY;
use crate::jws::{self, Header, Unverified};
use crate::key_ring::KeyRing;
use crate::signing_key::{KeyError, algorithm_name};

const TYPE: &str = "at+jwt";

/// The longest lifetime an access token can have.
pub const MAX_LIFETIME: Duration = denial::MAX_ACCESS_LIFETIME;

/// The claims of an access token (RFC 9068 §2.2). Times are whole seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Issuer: the server's public URL.
    pub iss: String,
    /// Audience: the issuer's API.
    pub aud: String,
    /// The user.
    pub sub: UserId,
    /// The OAuth client that the session belongs to.
    pub client_id: String,
    /// When it was issued.
    pub iat: u64,
    /// When it expires.
    pub exp: u64,
    /// The token's id.
    pub jti: TokenId,
    /// The session.
    pub sid: SessionId,
    /// The cutoffs in force when the session was opened. They distinguish a session that "sign out
    /// everywhere" ended from one opened right after it. Omitted before the first cutoff.
    #[serde(default, skip_serializing_if = "Cutoffs::is_empty")]
    pub cut: Cutoffs,
    /// When the user authenticated at the provider, if the provider says so (RFC 9068 §2.2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<u64>,
    /// The email address, if known. Do not rely on it unless `email_verified` is `true`, and
    /// identify the user by `sub`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the provider has verified that address; present if `email` is (OpenID Connect Core
    /// §5.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// The display name, if known (RFC 9068 §2.2.2 allows identity claims).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Roles of the user.
    pub roles: Vec<String>,
    /// The key that the token is bound to, if any. A request needs a proof signed with this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    /// Never issued. A token whose `nbf` is in the future is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<u64>,
    /// Claims that the application adds, under other names than those above.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Claim names with a meaning to Latchkey or to verifiers in general (RFC 7519 §4.1, RFC 9068 §2.2,
/// OpenID Connect Core §5.1). An application cannot add claims with these names.
pub const RESERVED_CLAIMS: [&str; 23] = [
    "iss",
    "aud",
    "sub",
    "client_id",
    "iat",
    "exp",
    "nbf",
    "jti",
    "sid",
    "cut",
    "auth_time",
    "email",
    "email_verified",
    "name",
    "roles",
    "cnf",
    "scope",
    "acr",
    "amr",
    "azp",
    "act",
    "may_act",
    "nonce",
];

/// The key that a token is bound to (RFC 7800 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// The thumbprint of the key that must sign the DPoP proof (RFC 9449 §6.1).
    pub jkt: Thumbprint,
}

/// The content of an access token to issue.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The user.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// The cutoffs in force when the session was opened.
    pub cutoffs: Cutoffs,
    /// A new id for the token.
    pub token: TokenId,
    /// When the user authenticated at the provider, if known.
    pub auth_time: Option<Timestamp>,
    /// The email address, if known.
    pub email: Option<String>,
    /// Whether the provider has verified that address.
    pub email_verified: bool,
    /// The display name, if known.
    pub name: Option<String>,
    /// Roles of the user.
    pub roles: Vec<String>,
    /// Claims of the application; those with reserved names are dropped.
    pub extra: Map<String, Value>,
    /// The key to bind the token to.
    pub binding: Option<Thumbprint>,
    /// When the token is issued.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// Why an access token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessTokenError {
    /// It was not issued by this server, or was altered; the reason is for the log.
    #[error("the access token is invalid: {0}")]
    Invalid(&'static str),
    /// It was valid, but has expired.
    #[error("the access token has expired")]
    Expired,
}

/// Issues and verifies access tokens.
#[derive(Clone, Debug)]
pub struct AccessTokens {
    issuer: String,
    audience: String,
    client_id: String,
}

impl AccessTokens {
    /// Tokens of the server with the public URL `issuer`, for its first-party client `client_id`.
    pub fn new(issuer: &str, client_id: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            audience: format!("{issuer}/api"),
            client_id: client_id.to_owned(),
        }
    }

    /// The audience that other verifiers of these tokens must require.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Issues a token, signed with the current key. It expires no later than that key.
    pub fn issue(&self, ring: &KeyRing, grant: Grant) -> Result<String, KeyError> {
        let key = ring.signing(grant.issued_at);
        let expires_at = key
            .verifies_until()
            .map_or(grant.expires_at, |until| grant.expires_at.min(until));
        let claims = AccessClaims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: grant.user,
            client_id: self.client_id.clone(),
            iat: grant.issued_at.as_secs(),
            exp: expires_at.as_secs(),
            jti: grant.token,
            sid: grant.session,
            cut: grant.cutoffs,
            auth_time: grant.auth_time.map(Timestamp::as_secs),
            email_verified: grant.email.as_ref().map(|_| grant.email_verified),
            email: grant.email,
            name: grant.name,
            roles: grant.roles,
            cnf: grant.binding.map(|jkt| Confirmation { jkt }),
            nbf: None,
            extra: grant
                .extra
                .into_iter()
                .filter(|(name, _)| !RESERVED_CLAIMS.contains(&&**name))
                .collect(),
        };
        let header = Header {
            typ: TYPE.to_owned(),
            alg: algorithm_name(key.algorithm()).to_owned(),
            kid: Some(key.kid().to_owned()),
        };
        jws::sign(&header, &claims, &key.encoding, key.jwt_algorithm()).map_err(|error| {
            KeyError::Unusable {
                kid: key.kid().to_owned(),
                reason: error.to_string(),
            }
        })
    }

    /// Verifies everything but the token's times and the denylist. The result can be cached: it stays
    /// the same while the token's key is in force.
    pub fn verify_signature(
        &self,
        ring: &KeyRing,
        token: &str,
        now: Timestamp,
    ) -> Result<AccessClaims, AccessTokenError> {
        let token = Unverified::<Header>::parse(token).map_err(AccessTokenError::Invalid)?;
        if token.header.typ != TYPE {
            return Err(AccessTokenError::Invalid("`typ` is not at+jwt"));
        }
        let kid = token
            .header
            .kid
            .as_deref()
            .ok_or(AccessTokenError::Invalid("`kid` is missing"))?;
        let key = ring
            .verifying(kid, now)
            .ok_or(AccessTokenError::Invalid("`kid` names no current key"))?;
        if token.header.alg != algorithm_name(key.algorithm()) {
            return Err(AccessTokenError::Invalid(
                "`alg` is not the algorithm of the key",
            ));
        }
        let claims: AccessClaims = token
            .verify(&key.decoding, key.jwt_algorithm())
            .map_err(AccessTokenError::Invalid)?;
        if claims.iss != self.issuer {
            return Err(AccessTokenError::Invalid("`iss` is not this server"));
        }
        if claims.aud != self.audience {
            return Err(AccessTokenError::Invalid(
                "`aud` is not the API of this server",
            ));
        }
        if claims.exp <= claims.iat || claims.exp - claims.iat > MAX_LIFETIME.as_secs() {
            return Err(AccessTokenError::Invalid(
                "the lifetime is not positive, or exceeds the maximum",
            ));
        }
        Ok(claims)
    }

    /// Verifies everything but the denylist.
    pub fn verify(
        &self,
        ring: &KeyRing,
        token: &str,
        now: Timestamp,
    ) -> Result<AccessClaims, AccessTokenError> {
        let claims = self.verify_signature(ring, token, now)?;
        claims.check_time(now)?;
        Ok(claims)
    }
}

impl AccessClaims {
    /// Checks the token's times against `now`. The check must be repeated at every use.
    pub fn check_time(&self, now: Timestamp) -> Result<(), AccessTokenError> {
        if now >= Timestamp::from_secs(self.exp).plus(EXPIRY_LEEWAY) {
            return Err(AccessTokenError::Expired);
        }
        if self.nbf.is_some_and(|nbf| now < Timestamp::from_secs(nbf)) {
            return Err(AccessTokenError::Invalid("`nbf` is in the future"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
