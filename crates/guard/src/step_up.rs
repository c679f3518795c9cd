//! Step-up authentication (RFC 9470): actions that cannot be undone require a recent sign-in.
//!
//! ```
//! use core::time::Duration;
//! use latchkey_core::{SessionId, Timestamp, TokenId, UserId};
//! use latchkey_guard::step_up::{self, MAX_AGE, StepUpRequired};
//! use latchkey_tokens::AccessClaims;
//! use serde_json::json;
//!
//! let signed_in = Timestamp::from_secs(1_800_000_000);
//! let claims: AccessClaims = serde_json::from_value(json!({
//!     "iss": "https://id.example.com",
//!     "aud": "https://id.example.com/api",
//!     "sub": UserId::from_bytes([1; 16]),
//!     "client_id": "latchkey",
//!     "iat": 1_800_000_600,
//!     "exp": 1_800_001_200,
//!     "jti": TokenId::from_bytes([2; 16]),
//!     "sid": SessionId::from_bytes([3; 16]),
//!     "auth_time": signed_in.as_secs(),
//!     "roles": [],
//! }))?;
//! let latest = signed_in.plus(MAX_AGE);
//! assert_eq!(step_up::check(&claims, latest), Ok(()));
//! let later = latest.plus(Duration::from_secs(1));
//! assert_eq!(step_up::check(&claims, later), Err(StepUpRequired));
//! # Ok::<(), serde_json::Error>(())
//! ```

use core::time::Duration;

use latchkey_core::Timestamp;
use latchkey_tokens::AccessClaims;

/// The maximum time since the sign-in.
pub const MAX_AGE: Duration = Duration::from_mins(10);

/// The user signed in too long ago, or the time is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a sign-in within the last ten minutes is required; sign in again, then repeat the request"
)]
pub struct StepUpRequired;

/// How far `auth_time` may be in the future, because the clocks of servers differ.
pub const CLOCK_SKEW: Duration = Duration::from_mins(1);

/// Checks that the user signed in within [`MAX_AGE`]. `auth_time` is in whole seconds and does not
/// change at a refresh.
///
/// # Errors
///
/// Returns [`StepUpRequired`] if the sign-in is too old, or if `auth_time` is absent or more than
/// [`CLOCK_SKEW`] in the future.
pub fn check(claims: &AccessClaims, now: Timestamp) -> Result<(), StepUpRequired> {
    let signed_in = claims.auth_time.map(Timestamp::from_secs);
    let signed_in = signed_in.ok_or(StepUpRequired)?;
    if now.since(signed_in) <= MAX_AGE && signed_in.since(now) <= CLOCK_SKEW {
        Ok(())
    } else {
        Err(StepUpRequired)
    }
}
