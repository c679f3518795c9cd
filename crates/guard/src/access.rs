//! Verifies access tokens: the signature once per token, the expiry and the denylist at every use.
//! Finding the token in a request belongs in [`crate::guard`].

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use latchkey_core::{DenialReason, Timestamp};
use latchkey_tokens::{AccessClaims, AccessTokenError, AccessTokens};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::denylist::Denylist;
use crate::keys::Keys;

/// The size of the cache of verified tokens, in bytes.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;

/// Why an access token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// The token itself is invalid or has expired.
    #[error(transparent)]
    Token(#[from] AccessTokenError),
    /// The token is valid but on the denylist.
    #[error("the access token was revoked")]
    Denied(DenialReason),
}

/// Verifies access tokens. The signature is verified once per token: verified claims are cached by
/// the full text of the token. The expiry and the denylist are checked at every use; the denylist
/// is searched again only if an entry was added since the last search for this token.
pub struct Authenticator {
    tokens: AccessTokens,
    verified: Cache<Box<[u8]>, Arc<Verified>, Weight>,
}

/// The claims of an access token whose signature was verified.
pub struct Verified {
    claims: AccessClaims,
    /// See [`Verified::cached_body`].
    body: OnceLock<Bytes>,
    /// The version of the denylist at the last search that did not refuse the token, plus one; zero
    /// before the first search.
    cleared: AtomicU64,
}

impl Deref for Verified {
    type Target = AccessClaims;

    fn deref(&self) -> &AccessClaims {
        &self.claims
    }
}

impl Verified {
    /// Returns a response body that depends on nothing but the claims. `write` creates it at the
    /// first call; later calls return the cached body, whatever `write` they pass.
    pub fn cached_body(&self, write: impl FnOnce(&AccessClaims) -> Bytes) -> Bytes {
        self.body.get_or_init(|| write(&self.claims)).clone()
    }

    /// Why the denylist refuses the token; `None` if it does not.
    fn refusal(&self, denylist: &Denylist, now: Timestamp) -> Option<DenialReason> {
        // Read before the search: if an entry is added during it, the version differs next time.
        let version = denylist.version() + 1;
        if self.cleared.load(Ordering::Relaxed) == version {
            return None;
        }
        let refusal = denylist.refusal(&self.claims, now);
        if refusal.is_none() {
            self.cleared.store(version, Ordering::Relaxed);
        }
        refusal
    }
}

#[derive(Clone)]
struct Weight;

impl Weighter<Box<[u8]>, Arc<Verified>> for Weight {
    fn weight(&self, token: &Box<[u8]>, _: &Arc<Verified>) -> u64 {
        // Claims and body together take about as much memory as the text of the token.
        2 * token.len() as u64
    }
}

impl Authenticator {
    /// Creates an authenticator that accepts the tokens that `tokens` verifies.
    pub fn new(tokens: AccessTokens) -> Self {
        Self {
            tokens,
            verified: Cache::with_weighter(32 * 1024, CACHE_BYTES, Weight),
        }
    }

    /// Verifies an access token and returns its claims.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::Token`] if the token is not valid or has expired, and
    /// [`AccessError::Denied`] if the denylist refuses it.
    pub fn authenticate(
        &self,
        token: &[u8],
        keys: &Keys,
        denylist: &Denylist,
        now: Timestamp,
    ) -> Result<Arc<Verified>, AccessError> {
        // An expired token stays expired, even if the clock is set back.
        let now = now.max(denylist.swept_until());
        let verified = if let Some(verified) = self.verified.get(token) {
            verified
        } else {
            let text = str::from_utf8(token)
                .map_err(|_| AccessTokenError::Invalid("it is not valid UTF-8"))?;
            let claims = self.tokens.verify_signature(&keys.ring(), text, now)?;
            // An expired token would waste space in the cache.
            claims.check_time(now)?;
            let verified = Arc::new(Verified {
                claims,
                body: OnceLock::new(),
                cleared: AtomicU64::new(0),
            });
            self.verified.insert(token.into(), Arc::clone(&verified));
            verified
        };
        // Checked before the denylist: its entries outlive the tokens they deny, but an expired
        // token is reported as expired.
        verified.check_time(now)?;
        match verified.refusal(denylist, now) {
            None => Ok(verified),
            Some(reason) => Err(AccessError::Denied(reason)),
        }
    }

    /// Verifies the signature only, so that a token that is expired or denied can still be revoked.
    /// A retired key is accepted too: if the clock of this server is ahead, other servers may still
    /// accept the token.
    ///
    /// # Errors
    ///
    /// Returns an error if the token is malformed, was not signed with a key of the key ring, or
    /// has another issuer or audience.
    pub fn verify_signature(
        &self,
        token: &str,
        keys: &Keys,
    ) -> Result<AccessClaims, AccessTokenError> {
        let any_time = Timestamp::default();
        self.tokens.verify_signature(&keys.ring(), token, any_time)
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator")
            .field("verified", &self.verified.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.claims.fmt(f)
    }
}
