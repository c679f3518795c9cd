//! Keeps the memory of who used how much as small as what was used lately, and says how much of what
//! was refused lately is not in the log.

use core::time::Duration;

use super::every;
use crate::state::AppState;

const PERIOD: Duration = Duration::from_secs(10);

pub(super) async fn run(state: AppState) {
    let mut ticks = every(PERIOD);
    loop {
        ticks.tick().await;
        state.rate_limits.forget_idle();
        state.refusals.tell_suppressed();
    }
}
