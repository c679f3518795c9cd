//! `GET /api/` and `/api/protected`: what the playground page calls.

use axum::Json;
use latchkey_axum::User;
use serde_json::{Value, json};

/// A response for everyone.
pub(super) async fn greeting() -> Json<Value> {
    Json(json!({ "message": "Anyone may read this." }))
}

/// A response for signed-in users.
pub(super) async fn protected(user: User) -> Json<Value> {
    Json(json!({ "message": "Only signed-in users may read this.", "sub": user.id() }))
}
