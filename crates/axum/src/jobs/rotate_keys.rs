//! Rotates the signing key on schedule, and loads the keys that other servers added.

use core::time::Duration;
use std::sync::Arc;

use tracing::Instrument as _;

use super::ticks::{every, span};
use crate::services::Services;
use crate::services::signing_keys::Rotation;

const PERIOD: Duration = Duration::from_mins(1);

/// `shared`: other servers use the same store and may rotate the key first.
pub(super) async fn run(state: Arc<Services>, shared: bool) {
    let mut ticks = every(PERIOD);
    loop {
        ticks.tick().await;
        reload_and_rotate(&state, shared)
            .instrument(span("rotate_keys"))
            .await;
    }
}

async fn reload_and_rotate(state: &Services, shared: bool) {
    let now = state.clock.now();
    if shared && let Err(error) = state.signing_keys.reload(&*state.store).await {
        tracing::warn!(%error, "cannot read the signing keys");
        return;
    }
    if !state
        .signing_keys
        .is_due(state.settings.tokens.key_rotation, now)
    {
        return;
    }
    match state.rotate_keys(None).await {
        Ok(Rotation {
            kid, is_new: true, ..
        }) => tracing::info!(kid, "signing key rotated"),
        // Another server was first, or the newest key does not sign yet.
        Ok(_) => {}
        Err(error) => tracing::error!(%error, "cannot rotate the signing key"),
    }
}
