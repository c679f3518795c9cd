//! `POST /auth/token`: the token endpoint (RFC 6749 §3.2).

use std::sync::Arc;

use core::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HeaderName, SET_COOKIE};
use axum::response::{IntoResponse as _, Response};
use latchkey_core::session::Thumbprint;
use latchkey_types::TokenResponse;

use crate::http::error::ApiError;
use crate::http::extract::{Device, FlowCookies, Form, Proven};
use crate::services::Services;
use crate::services::issuer::Tokens;
use crate::use_cases::{refresh, sign_in};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Exchanges an authorization code, or a refresh token.
pub(crate) async fn create_token(
    State(state): State<Arc<Services>>,
    cookies: FlowCookies,
    device: Device,
    Proven(proven): Proven,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, ApiError> {
    // There is one client and it is public: whoever sends credentials means another server.
    if headers.contains_key(AUTHORIZATION) || form.get("client_secret").is_some() {
        return Err(ApiError::InvalidClient);
    }
    match form.require("grant_type")? {
        "authorization_code" => finish_sign_in(&state, cookies, device, proven, &form).await,
        "refresh_token" => {
            if let Some(scope) = form.get("scope") {
                return Err(ApiError::InvalidScope(scope.to_owned()));
            }
            let request = refresh::Request {
                token: form.require("refresh_token")?,
                idempotency_key: idempotency_key(&headers)?,
                access_life: access_life(form.get("expires_in"))?,
                proven,
                address: device.address,
                device: device.into(),
            };
            let tokens = refresh::refresh(&state, request).await?;
            Ok(Json(wire(tokens, None)).into_response())
        }
        other => Err(ApiError::UnsupportedGrantType(other.to_owned())),
    }
}

async fn finish_sign_in(
    state: &Services,
    cookies: FlowCookies,
    device: Device,
    proven: Option<Thumbprint>,
    form: &Form,
) -> Result<Response, ApiError> {
    let answer = sign_in::Answer {
        flows: cookies.0,
        state: form.require("state")?,
        code: form.require("code")?,
        redirect_uri: form.get("redirect_uri"),
        iss: form.get("iss"),
        user_agent: device.user_agent,
        address: device.address,
        proven,
    };
    let finished = sign_in::finish(state, answer).await?;
    let return_to = finished.return_to.as_str().to_owned();
    let mut response = Json(wire(finished.tokens, Some(return_to))).into_response();
    for cookie in FlowCookies::clear(state, [finished.flow]) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The tokens as RFC 6749 §5.1 writes them.
pub(super) fn wire(tokens: Tokens, return_to: Option<String>) -> TokenResponse {
    TokenResponse {
        access_token: tokens.access,
        token_type: if tokens.access_bound {
            "DPoP"
        } else {
            "Bearer"
        }
        .to_owned(),
        expires_in: tokens.expires_in,
        refresh_token: tokens.refresh,
        refresh_expires_in: tokens.refresh_expires_in,
        bound: tokens.refresh_bound,
        return_to,
    }
}

/// The `Idempotency-Key`, if the request has one.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let fits = |key: &&str| !key.is_empty() && key.len() <= 255;
    match value.to_str().ok().filter(fits) {
        Some(key) => Ok(Some(key)),
        None => Err(ApiError::InvalidRequest(
            "Idempotency-Key must be 1 to 255 visible ASCII characters".to_owned(),
        )),
    }
}

/// The asked-for life of the access token.
fn access_life(text: Option<&str>) -> Result<Option<Duration>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    match text.parse() {
        Ok(seconds) => seconds_of_life(seconds).map(Some),
        Err(_) => Err(not_a_life()),
    }
}

/// The same, as a number.
pub(super) fn seconds_of_life(seconds: u64) -> Result<Duration, ApiError> {
    if seconds == 0 {
        Err(not_a_life())
    } else {
        Ok(Duration::from_secs(seconds))
    }
}

fn not_a_life() -> ApiError {
    ApiError::InvalidRequest("expires_in must be a whole number of seconds, at least 1".to_owned())
}
