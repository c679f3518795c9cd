//! `GET /healthz` (liveness) and `GET /readyz` (readiness).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use latchkey_axum::Latchkey;
use serde_json::{Value, json};

/// Liveness: the process responds.
pub(super) async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Readiness: whether requests can be served, and if not, why.
pub(super) async fn readiness(State(latchkey): State<Latchkey>) -> (StatusCode, Json<Value>) {
    match latchkey.health().await {
        Ok(()) => (StatusCode::OK, Json(json!({ "status": "ready" }))),
        Err(reasons) => {
            let body = json!({ "status": "not ready", "reasons": reasons });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body))
        }
    }
}
