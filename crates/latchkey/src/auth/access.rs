//! Who speaks: an access token is checked, once in full, then at every use against clock and
//! denylist.

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
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
/// its verified claims. Clock and denylist are asked at every use; of a denylist that has not
/// been added to since this token was last looked up there, the answer is known.
pub struct Authenticator {
    tokens: AccessTokens,
    verified: Cache<Box<[u8]>, Arc<Verified>, Weight>,
}

/// A token whose signature and claims are good.
pub struct Verified {
    claims: AccessClaims,
    /// What its person is told of it, written once.
    told: OnceLock<Bytes>,
    /// The version of the denylist that was last seen not to refuse it, and one; zero before.
    cleared: AtomicU64,
}

impl Deref for Verified {
    type Target = AccessClaims;

    fn deref(&self) -> &AccessClaims {
        &self.claims
    }
}

impl Verified {
    /// What `tell` makes of the claims: the same bytes for as long as the token is remembered.
    pub fn told(&self, tell: impl FnOnce(&AccessClaims) -> Bytes) -> Bytes {
        self.told.get_or_init(|| tell(&self.claims)).clone()
    }

    /// Why the denylist refuses it, if it does.
    fn refusal(&self, denylist: &Denylist, now: Timestamp) -> Option<DenialReason> {
        // Read before looking: what is added meanwhile moves it on, and is looked for next time.
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
        // Claims and answer together take about as much memory as the text of the token.
        2 * token.len() as u64
    }
}

impl Authenticator {
    /// Over these tokens.
    pub fn new(tokens: AccessTokens) -> Self {
        Self {
            tokens,
            verified: Cache::with_weighter(32 * 1024, REMEMBERED_BYTES, Weight),
        }
    }

    /// The claims of an access token in force.
    pub fn authenticate(
        &self,
        token: &[u8],
        keys: &Keys,
        denylist: &Denylist,
        now: Timestamp,
    ) -> Result<Arc<Verified>, AccessError> {
        // What has expired once stays so, whatever the clock says later.
        let now = now.max(denylist.swept_until());
        let verified = if let Some(verified) = self.verified.get(token) {
            verified
        } else {
            let text = str::from_utf8(token)
                .map_err(|_| AccessTokenError::Invalid("it is not made of characters"))?;
            let claims = self.tokens.authenticate(&keys.ring(), text, now)?;
            // An expired token is not worth a place.
            claims.check_time(now)?;
            let verified = Arc::new(Verified {
                claims,
                told: OnceLock::new(),
                cleared: AtomicU64::new(0),
            });
            self.verified.insert(token.into(), Arc::clone(&verified));
            verified
        };
        // Before the denylist, whose entries outlive the tokens they concern.
        verified.check_time(now)?;
        match verified.refusal(denylist, now) {
            None => Ok(verified),
            Some(reason) => Err(AccessError::Denied(reason)),
        }
    }

    /// The claims of a token that is good but for clock and denylist: for revoking it. Its key may
    /// have been retired, by a clock that is ahead.
    pub fn recognise(&self, token: &str, keys: &Keys) -> Result<AccessClaims, AccessTokenError> {
        let any_time = Timestamp::default();
        self.tokens.authenticate(&keys.ring(), token, any_time)
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
