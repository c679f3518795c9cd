//! Step-up authentication (RFC 9470): actions that cannot be undone require a recent sign-in.

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
/// [`StepUpRequired`] if the sign-in is too old, or if `auth_time` is absent or in the future.
pub fn check(claims: &AccessClaims, now: Timestamp) -> Result<(), StepUpRequired> {
    let signed_in = claims.auth_time.map(Timestamp::from_secs);
    let signed_in = signed_in.ok_or(StepUpRequired)?;
    if now.since(signed_in) <= MAX_AGE && signed_in.since(now) <= CLOCK_SKEW {
        Ok(())
    } else {
        Err(StepUpRequired)
    }
}
