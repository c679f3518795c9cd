//! Issues the tokens of a session.

use std::fmt;
use std::sync::Arc;

use latchkey_core::{Rng, Session, Timestamp, TokenId, User};
use latchkey_guard::Keys;
use latchkey_tokens::{AccessTokens, Grant, KeyError, RefreshTokens};

use crate::claims::Claims;
use crate::settings::Binding;

/// An access token and a refresh token with their lifetimes.
#[derive(Clone, PartialEq, Eq)]
pub struct Tokens {
    /// The access token.
    pub access: String,
    /// The lifetime of the access token, in seconds.
    pub expires_in: u64,
    /// The refresh token of the session's current generation.
    pub refresh: String,
    /// The time until the session's absolute end, in seconds. A refresh does not extend it.
    pub refresh_expires_in: u64,
    /// Whether the refresh token is bound to a key.
    pub refresh_bound: bool,
    /// Whether the access token is bound to the same key.
    pub access_bound: bool,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

/// Issues tokens.
pub struct Issuer {
    access: AccessTokens,
    refresh: RefreshTokens,
    rng: Arc<dyn Rng>,
    binding: Binding,
}

impl Issuer {
    /// Creates an issuer. `binding` decides which tokens of a bound session are bound to its key.
    pub fn new(
        access: AccessTokens,
        refresh: RefreshTokens,
        rng: Arc<dyn Rng>,
        binding: Binding,
    ) -> Self {
        Self {
            access,
            refresh,
            rng,
            binding,
        }
    }

    /// Verifies refresh tokens.
    pub const fn refresh_tokens(&self) -> &RefreshTokens {
        &self.refresh
    }

    /// Issues the tokens of `session`, for its current generation. The access token expires at
    /// `expires_at`, or at the session's `access_until` if that is earlier.
    pub fn issue(
        &self,
        keys: &Keys,
        session: &Session,
        user: &User,
        claims: Claims,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Tokens, KeyError> {
        let expires_at = expires_at.min(session.access_until);
        let access_key = session
            .binding
            .filter(|_| self.binding.binds_access_tokens());
        let (roles, extra) = claims.into_parts();
        let grant = Grant {
            user: user.id,
            session: session.id,
            cutoffs: session.cutoffs,
            token: TokenId::random(&*self.rng),
            auth_time: session.auth_time,
            email: user.email.clone(),
            email_verified: user.email_verified,
            name: user.name.clone(),
            roles,
            extra,
            binding: access_key,
            issued_at: now,
            expires_at,
        };
        Ok(Tokens {
            access: self.access.issue(&keys.ring(), grant)?,
            expires_in: expires_at.as_secs().saturating_sub(now.as_secs()),
            refresh: self.refresh.issue(session),
            refresh_expires_in: session.absolute_end.as_secs().saturating_sub(now.as_secs()),
            refresh_bound: session.binding.is_some(),
            access_bound: access_key.is_some(),
        })
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").finish_non_exhaustive()
    }
}
