//! `GET /api/`, `/api/protected`, `/api/me`.

use axum::Json;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use latchkey_tokens::AccessClaims;
use latchkey_types::Me;
use serde_json::{Value, json};

use crate::http::extract::Authenticated;

/// Anyone may read this.
pub async fn find_greeting() -> Json<Value> {
    Json(json!({ "message": "Anyone may read this." }))
}

/// Only who is signed in may read this.
pub async fn find_protected(Authenticated(claims): Authenticated) -> Json<Value> {
    Json(json!({ "message": "Only who is signed in may read this.", "sub": claims.sub }))
}

/// Who the access token speaks for: what it says, so that no store is asked.
pub async fn find_me(Authenticated(claims): Authenticated) -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, json)], claims.told(me)).into_response()
}

fn me(claims: &AccessClaims) -> Bytes {
    let me = Me {
        sub: claims.sub.to_string(),
        email: claims.email.clone(),
        // A token of before this claim does not say it: not verified.
        email_verified: claims
            .email
            .as_ref()
            .map(|_| claims.email_verified == Some(true)),
        name: claims.name.clone(),
        roles: claims.roles.clone(),
        session_id: claims.sid.to_string(),
        auth_time: claims.auth_time,
        issued_at: claims.iat,
        expires_at: claims.exp,
    };
    // Nothing in it can fail to be written.
    serde_json::to_vec(&me).unwrap_or_default().into()
}
