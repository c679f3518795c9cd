//! Who speaks: an access token is checked, once in full, then at every use against clock and
//! denylist.

use std::fmt;
use std::sync::Arc;

use latchkey_core::{DenialReason, Timestamp};
use latchkey_tokens::{AccessClaims, AccessTokenError, AccessTokens};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::denylist::Denylist;
use super::keys::Keys;

/// How many bytes of verified tokens are remembered.
const REMEMBERED_BYTES: u64 = 32 * 1024 * 1024;

/// Why a request is not authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// The token itself is not good.
    #[error(transparent)]
    Token(#[from] AccessTokenError),
    /// The token is good but denied.
    #[error("the access token was revoked")]
    Denied(DenialReason),
}

/// Checks access tokens. The cost of a signature is paid once per token: the full text leads to
/// its verified claims. What can change with time is asked at every use.
pub struct Authenticator {
    tokens: AccessTokens,
    verified: Cache<Box<str>, Arc<AccessClaims>, Bytes>,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<Box<str>, Arc<AccessClaims>> for Bytes {
    fn weight(&self, token: &Box<str>, _: &Arc<AccessClaims>) -> u64 {
        // The claims take about as much memory as the text they stand in.
        2 * token.len() as u64
    }
}

impl Authenticator {
    /// Over these tokens.
    pub fn new(tokens: AccessTokens) -> Self {
        Self {
            tokens,
            verified: Cache::with_weighter(32 * 1024, REMEMBERED_BYTES, Bytes),
        }
    }

    /// The claims of an access token in force.
    pub fn authenticate(
        &self,
        token: &str,
        keys: &Keys,
        denylist: &Denylist,
        now: Timestamp,
    ) -> Result<Arc<AccessClaims>, AccessError> {
        let claims = if let Some(claims) = self.verified.get(token) {
            claims
        } else {
            let claims = Arc::new(self.tokens.authenticate(&keys.ring(), token, now)?);
            // An expired token is not worth a place.
            claims.check_time(now)?;
            self.verified.insert(token.into(), Arc::clone(&claims));
            claims
        };
        claims.check_time(now)?;
        match denylist.refusal(&claims, now) {
            None => Ok(claims),
            Some(reason) => Err(AccessError::Denied(reason)),
        }
    }

    /// The claims of a token that is good but for clock and denylist: for revoking it.
    pub fn recognise(
        &self,
        token: &str,
        keys: &Keys,
        now: Timestamp,
    ) -> Result<AccessClaims, AccessTokenError> {
        self.tokens.authenticate(&keys.ring(), token, now)
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator")
            .field("verified", &self.verified.len())
            .finish_non_exhaustive()
    }
}
