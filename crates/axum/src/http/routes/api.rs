//! `GET /api/me`: the user of the access token.

use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use latchkey_tokens::AccessClaims;
use latchkey_types::Me;

use crate::http::state::User;

/// Returns the claims of the access token, without reading the store.
pub(crate) async fn me(user: User) -> Response {
    let json = HeaderValue::from_static("application/json");
    let body = user.verified().cached_body(write);
    ([(CONTENT_TYPE, json)], body).into_response()
}

fn write(claims: &AccessClaims) -> Bytes {
    let me = Me {
        sub: claims.sub.to_string(),
        email: claims.email.clone(),
        // Earlier versions issued tokens without this claim; their addresses count as unverified.
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
    // These types always serialize.
    serde_json::to_vec(&me).unwrap_or_default().into()
}
