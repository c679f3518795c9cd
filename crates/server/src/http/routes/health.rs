//! `GET /healthz` and `/readyz`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::state::AppState;

/// The process is alive.
pub async fn find_health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Whether requests can be served, with the reasons why not.
pub async fn find_readiness(State(state): State<AppState>) -> (StatusCode, Json<Value>) {
    match state.store.health().await {
        Ok(()) => (StatusCode::OK, Json(json!({ "status": "ready" }))),
        Err(error) => {
            let body = json!({ "status": "not ready", "reasons": [error.to_string()] });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body))
        }
    }
}
