//! Frees the rate-limit counters of idle clients, and logs how many refusals were left out of the
//! log.

use core::time::Duration;
use std::sync::Arc;

use super::ticks::{every, span};
use crate::http::state::HttpState;
use crate::services::Services;

const PERIOD: Duration = Duration::from_secs(10);

pub(super) async fn run(state: Arc<Services>, http: Arc<HttpState>) {
    let mut ticks = every(PERIOD);
    loop {
        ticks.tick().await;
        span("prune_rate_limits").in_scope(|| {
            state.rate_limits.forget_idle();
            if let Some(local) = &state.local {
                local.guesses.forget_idle(state.clock.now());
            }
            http.refusals.report_suppressed();
        });
    }
}
