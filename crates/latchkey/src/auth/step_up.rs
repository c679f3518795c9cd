//! Whether the person proved who they are recently enough for what cannot be undone (RFC 9470).

use core::time::Duration;

use latchkey_core::Timestamp;
use latchkey_tokens::AccessClaims;

/// How long ago that may be.
pub const MAX_AGE: Duration = Duration::from_mins(10);

/// The sign-in lies too far back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this needs a sign-in within the last ten minutes; sign in again, then repeat it")]
pub struct StepUpRequired;

/// How far `auth_time` may lie ahead: the clocks of several servers differ a little.
pub const CLOCK_SKEW: Duration = Duration::from_mins(1);

/// Requires a recent sign-in. `auth_time` has whole seconds and no refresh moves it. One that lies
/// ahead says nothing about how long ago the sign-in was, and neither does none.
pub fn check(claims: &AccessClaims, now: Timestamp) -> Result<(), StepUpRequired> {
    let signed_in = claims.auth_time.map(Timestamp::from_secs);
    let signed_in = signed_in.ok_or(StepUpRequired)?;
    if now.since(signed_in) <= MAX_AGE && signed_in.since(now) <= CLOCK_SKEW {
        Ok(())
    } else {
        Err(StepUpRequired)
    }
}
