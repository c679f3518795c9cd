//! `POST /auth/token`: the token endpoint (RFC 6749 §3.2).

use core::time::Duration;
use std::sync::Arc;

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
use crate::use_cases::refresh::{self, RefreshGrant};
use crate::use_cases::sign_in::{self, Callback};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Exchanges an authorization code or a refresh token for tokens.
pub(crate) async fn token(
    State(state): State<Arc<Services>>,
    cookies: FlowCookies,
    device: Device,
    Proven(proven): Proven,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, ApiError> {
    // The only client is public: a request with credentials was meant for another server.
    if headers.contains_key(AUTHORIZATION) || form.get("client_secret").is_some() {
        return Err(ApiError::InvalidClient);
    }
    match form.require("grant_type")? {
        "authorization_code" => finish_sign_in(&state, cookies, device, proven, &form).await,
        "refresh_token" => {
            if let Some(scope) = form.get("scope") {
                return Err(ApiError::InvalidScope(scope.to_owned()));
            }
            let request = RefreshGrant {
                token: form.require("refresh_token")?,
                idempotency_key: idempotency_key(&headers)?,
                access_ttl: requested_ttl(form.get("expires_in"))?,
                proven,
                address: device.address,
                device: device.into(),
            };
            let tokens = refresh::refresh(&state, request).await?;
            Ok(Json(token_response(tokens, None)).into_response())
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
    let callback = Callback {
        flows: cookies.0,
        state: form.require("state")?,
        code: form.require("code")?,
        redirect_uri: form.get("redirect_uri"),
        iss: form.get("iss"),
        user_agent: device.user_agent,
        address: device.address,
        request_id: device.request_id,
        proven,
    };
    let finished = sign_in::finish(state, callback).await?;
    let return_to = finished.return_to.as_str().to_owned();
    let mut response = Json(token_response(finished.tokens, Some(return_to))).into_response();
    for cookie in FlowCookies::clear(state, [finished.flow]) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The token response (RFC 6749 §5.1).
pub(super) fn token_response(tokens: Tokens, return_to: Option<String>) -> TokenResponse {
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
    let is_valid = |key: &&str| !key.is_empty() && key.len() <= 255;
    match value.to_str().ok().filter(is_valid) {
        Some(key) => Ok(Some(key)),
        None => Err(ApiError::InvalidRequest(
            "Idempotency-Key must be 1 to 255 visible ASCII characters".to_owned(),
        )),
    }
}

/// The requested lifetime of the access token.
fn requested_ttl(text: Option<&str>) -> Result<Option<Duration>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    match text.parse() {
        Ok(seconds) => ttl_from_secs(seconds).map(Some),
        Err(_) => Err(invalid_ttl()),
    }
}

/// A requested lifetime in seconds.
pub(super) fn ttl_from_secs(seconds: u64) -> Result<Duration, ApiError> {
    if seconds == 0 {
        Err(invalid_ttl())
    } else {
        Ok(Duration::from_secs(seconds))
    }
}

fn invalid_ttl() -> ApiError {
    ApiError::InvalidRequest("expires_in must be a whole number of seconds, at least 1".to_owned())
}
