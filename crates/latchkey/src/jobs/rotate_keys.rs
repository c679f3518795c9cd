//! Rotates the signing key on schedule.

use core::time::Duration;

use super::every;
use crate::state::AppState;

const PERIOD: Duration = Duration::from_mins(1);

pub(super) async fn run(state: AppState) {
    let mut ticks = every(PERIOD);
    loop {
        ticks.tick().await;
        let now = state.clock.now();
        // Another machine may have rotated them.
        if state.config.store.shared().is_some()
            && let Err(error) = state.keys.reload(&*state.store).await
        {
            tracing::warn!(%error, "the signing keys cannot be read");
            continue;
        }
        if !state.keys.is_due(state.config.tokens.key_rotation, now) {
            continue;
        }
        match state.keys.rotate(&*state.store, now).await {
            Ok(kid) => tracing::info!(kid, "the signing key was rotated"),
            Err(error) => tracing::error!(%error, "the signing key cannot be rotated"),
        }
    }
}
