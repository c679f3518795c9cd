//! The access token of a request (RFC 6750).

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use crate::auth::access::Verified;
use crate::http::error::ApiError;
use crate::state::AppState;

/// The claims of the access token in the `Authorization` header, the only place where one is
/// looked for (RFC 6750 §2.2 and §2.3 are not supported: bodies and URLs end up in logs).
#[derive(Clone, Debug)]
pub struct Authenticated(pub Arc<Verified>);

impl FromRequestParts<AppState> for Authenticated {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let token = token(&parts.headers)?;
        if parts.uri.query().is_some_and(|query| {
            query
                .split('&')
                .any(|pair| pair.split('=').next() == Some("access_token"))
        }) {
            return Err(ApiError::InvalidRequest(
                "an access token belongs in the Authorization header, and only there".to_owned(),
            ));
        }
        let now = state.clock.now();
        let claims = state
            .authenticator
            .authenticate(token, &state.keys, &state.denylist, now)?;
        Ok(Self(claims))
    }
}

fn token(headers: &HeaderMap) -> Result<&[u8], ApiError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(ApiError::TokenMissing)?.as_bytes();
    if values.next().is_some() {
        return Err(ApiError::InvalidRequest(
            "there are two Authorization headers; send one".to_owned(),
        ));
    }
    let malformed =
        || ApiError::InvalidRequest("write Authorization: Bearer <access token>".to_owned());
    let end = value.iter().position(|byte| *byte == b' ');
    let (scheme, rest) = value.split_at(end.unwrap_or(value.len()));
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        // Another scheme is no access token (RFC 9110 §11.4).
        return Err(ApiError::TokenMissing);
    }
    let token = rest.trim_ascii_start();
    if token.is_empty() || memchr::memchr2(b' ', b',', token).is_some() {
        return Err(malformed());
    }
    Ok(token)
}
