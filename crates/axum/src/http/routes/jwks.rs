//! `GET /.well-known/jwks.json`: the public signing keys (RFC 7517).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;

use crate::http::middleware::headers::READABLE_BY_ALL;
use crate::services::Services;
use crate::services::signing_keys::JWKS_MAX_AGE;

/// Lists the keys that verify access tokens now or will soon.
pub(crate) async fn jwks(State(state): State<Arc<Services>>) -> impl IntoResponse {
    let max_age = format!("public, max-age={}", JWKS_MAX_AGE.as_secs());
    (
        READABLE_BY_ALL,
        [(CACHE_CONTROL, max_age)],
        Json(state.guard.keys().ring().jwks(state.clock.now())),
    )
}
