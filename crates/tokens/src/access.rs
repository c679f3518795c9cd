//! Access tokens: JWTs by RFC 9068, signed with a key of the ring, verifiable by anyone.

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

/// The longest life an access token can have: no denial needs to be kept for longer.
pub const MAX_LIFE: Duration = denial::MAX_ACCESS_LIFE;

/// The claims of an access token (RFC 9068 §2.2). Moments are whole seconds since 1970.
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
    /// Issued at.
    pub iat: u64,
    /// Expires at.
    pub exp: u64,
    /// The token's own id.
    pub jti: TokenId,
    /// The session.
    pub sid: SessionId,
    /// The cut-offs in force when the session was opened: what tells a session that "sign out
    /// everywhere" ended from one that was opened right after it. Left out before the first.
    #[serde(default, skip_serializing_if = "Cutoffs::is_empty")]
    pub cut: Cutoffs,
    /// When the person proved who they are, if the provider says so (RFC 9068 §2.2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<u64>,
    /// The email address, if known. It identifies nobody unless `email_verified` is `true`; the
    /// account is `sub`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the provider has verified that address; always present beside `email` (OpenID
    /// Connect Core §5.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// The name to show, if known (RFC 9068 §2.2.2 allows identity claims).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Roles of the user.
    pub roles: Vec<String>,
    /// The key without whose proof the token is worth nothing, if it is bound to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    /// Not written by us; refused if it is present and in the future.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<u64>,
    /// Claims that the application adds. Their names are none of the above.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The names of claims that mean something to Latchkey or to verifiers in general (RFC 7519 §4.1,
/// RFC 9068 §2.2, OpenID Connect Core §5.1): an application cannot add claims of these names.
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

/// How the holder of a token is confirmed (RFC 7800 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// By a DPoP proof of the key with this thumbprint (RFC 9449 §6.1).
    pub jkt: Thumbprint,
}

/// What an access token is issued for.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The user.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// The cut-offs that the session was opened under.
    pub cutoffs: Cutoffs,
    /// A new id for the token.
    pub token: TokenId,
    /// When the person proved who they are, if that is known.
    pub auth_time: Option<Timestamp>,
    /// The email address, if known.
    pub email: Option<String>,
    /// Whether the provider has verified that address.
    pub email_verified: bool,
    /// The name to show, if known.
    pub name: Option<String>,
    /// Roles of the user.
    pub roles: Vec<String>,
    /// Claims of the application; reserved names are left out.
    pub extra: Map<String, Value>,
    /// The key to bind it to.
    pub binding: Option<Thumbprint>,
    /// When the token is issued.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// Why a text is not an access token in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessTokenError {
    /// It is none of ours, or was altered; the reason is for the log.
    #[error("the access token is invalid: {0}")]
    Invalid(&'static str),
    /// It was good once.
    #[error("the access token expired")]
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
    /// For the server at `issuer` and its one first-party client.
    pub fn new(issuer: &str, client_id: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            audience: format!("{issuer}/api"),
            client_id: client_id.to_owned(),
        }
    }

    /// The audience that verifiers elsewhere must insist on.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Signs a token; it never outlives the key that signs it.
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

    /// Checks everything but the clock and the denylist: what stays true of this text for ever.
    pub fn verify_signature(
        &self,
        ring: &KeyRing,
        token: &str,
        now: Timestamp,
    ) -> Result<AccessClaims, AccessTokenError> {
        let token = Unverified::<Header>::parse(token).map_err(AccessTokenError::Invalid)?;
        if token.header.typ != TYPE {
            return Err(AccessTokenError::Invalid("its typ is not at+jwt"));
        }
        let kid = token
            .header
            .kid
            .as_deref()
            .ok_or(AccessTokenError::Invalid("it has no kid"))?;
        let key = ring
            .verifying(kid, now)
            .ok_or(AccessTokenError::Invalid("no key of this kid is in force"))?;
        if token.header.alg != algorithm_name(key.algorithm()) {
            return Err(AccessTokenError::Invalid("its alg is not that of its key"));
        }
        let claims: AccessClaims = token
            .verify(&key.decoding, key.jwt_algorithm())
            .map_err(AccessTokenError::Invalid)?;
        if claims.iss != self.issuer {
            return Err(AccessTokenError::Invalid("its iss is not this server"));
        }
        if claims.aud != self.audience {
            return Err(AccessTokenError::Invalid(
                "its aud is not this server's API",
            ));
        }
        if claims.exp <= claims.iat || claims.exp - claims.iat > MAX_LIFE.as_secs() {
            return Err(AccessTokenError::Invalid(
                "its life is longer than any we issue",
            ));
        }
        Ok(claims)
    }

    /// Checks everything but the denylist.
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
    /// What must be asked again at every use.
    pub fn check_time(&self, now: Timestamp) -> Result<(), AccessTokenError> {
        if now >= Timestamp::from_secs(self.exp).plus(EXPIRY_LEEWAY) {
            return Err(AccessTokenError::Expired);
        }
        if self.nbf.is_some_and(|nbf| now < Timestamp::from_secs(nbf)) {
            return Err(AccessTokenError::Invalid("its nbf lies ahead"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
