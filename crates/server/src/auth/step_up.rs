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

/// Insists on a recent sign-in. `auth_time` has whole seconds and no refresh moves it.
pub fn check(claims: &AccessClaims, now: Timestamp) -> Result<(), StepUpRequired> {
    if now.since(Timestamp::from_secs(claims.auth_time)) <= MAX_AGE {
        Ok(())
    } else {
        Err(StepUpRequired)
    }
}
