//! `GET /api/` and `/api/protected`: what the playground page calls.

use axum::Json;
use latchkey_axum::User;
use serde_json::{Value, json};

/// Anyone may read this.
pub(super) async fn greeting() -> Json<Value> {
    Json(json!({ "message": "Anyone may read this." }))
}

/// Only signed-in users may read this.
pub(super) async fn protected(user: User) -> Json<Value> {
    Json(json!({ "message": "Only who is signed in may read this.", "sub": user.id() }))
}
