//! The state of the routes in [`web`](super).

use std::sync::Arc;

use axum::extract::FromRef;
use latchkey_axum::Latchkey;

use super::assets::Assets;

/// What the routes share.
#[derive(Clone)]
pub(super) struct WebState {
    pub(super) latchkey: Latchkey,
    pub(super) assets: Arc<Assets>,
}

impl FromRef<WebState> for Arc<Assets> {
    fn from_ref(state: &WebState) -> Self {
        Self::clone(&state.assets)
    }
}

impl FromRef<WebState> for Latchkey {
    fn from_ref(state: &WebState) -> Self {
        state.latchkey.clone()
    }
}
