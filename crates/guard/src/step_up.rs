//! Step-up: acts that cannot be undone need a recent sign-in (RFC 9470).

use core::time::Duration;

use latchkey_core::Timestamp;
use latchkey_tokens::AccessClaims;

/// The longest time since the sign-in.
pub const MAX_AGE: Duration = Duration::from_mins(10);

/// The sign-in is too long ago, or its time is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this needs a sign-in within the last ten minutes; sign in again, then repeat it")]
pub struct StepUpRequired;

/// How far `auth_time` may be in the future, because the clocks of several servers differ.
pub const CLOCK_SKEW: Duration = Duration::from_mins(1);

/// Requires a recent sign-in. `auth_time` has whole seconds and does not change at a refresh. If it is
/// absent or in the future, the time of the sign-in is unknown.
pub fn check(claims: &AccessClaims, now: Timestamp) -> Result<(), StepUpRequired> {
    let signed_in = claims.auth_time.map(Timestamp::from_secs);
    let signed_in = signed_in.ok_or(StepUpRequired)?;
    if now.since(signed_in) <= MAX_AGE && signed_in.since(now) <= CLOCK_SKEW {
        Ok(())
    } else {
        Err(StepUpRequired)
    }
}
