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
    let mut reasons = Vec::new();
    if let Err(reason) = state.readiness.of(state.store.health()).await {
        reasons.push(reason);
    }
    let now = state.clock.now();
    if let Err(stale) = state.freshness.check(now) {
        reasons.push(stale.to_string());
    }
    let swept_until = state.denylist.swept_until();
    if now < swept_until {
        let behind = swept_until.since(now).as_secs();
        reasons.push(format!(
            "the clock is {behind} seconds behind a moment that has passed by it before; set it"
        ));
    }
    if reasons.is_empty() {
        (StatusCode::OK, Json(json!({ "status": "ready" })))
    } else {
        let body = json!({ "status": "not ready", "reasons": reasons });
        (StatusCode::SERVICE_UNAVAILABLE, Json(body))
    }
}
