//! Error responses in the form of RFC 9457 (problem details).

use axum::Json;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_core::rng;
use latchkey_tokens::SystemRng;
use latchkey_types::{ErrorCode, Problem};

/// The header that carries a [`RequestId`].
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Identifies a refused request in its response and in the log. It says nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// A new random id.
    #[must_use]
    pub fn random() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rng::bytes::<12>(&SystemRng)))
    }

    /// The id as text: 16 characters of base64url.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A complete error response: status, problem details, request id. No cache may keep it.
pub fn problem(
    status: StatusCode,
    code: ErrorCode,
    detail: String,
    request_id: &RequestId,
) -> Response {
    let problem = Problem {
        kind: "about:blank".to_owned(),
        title: status.canonical_reason().unwrap_or("Error").to_owned(),
        status: status.as_u16(),
        detail,
        code,
        request_id: request_id.as_str().to_owned(),
    };
    let mut response = (status, Json(problem)).into_response();
    let headers = response.headers_mut();
    let media_type = HeaderValue::from_static("application/problem+json");
    headers.insert(CONTENT_TYPE, media_type);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(request_id.as_str()) {
        headers.insert(REQUEST_ID, value);
    }
    response
}
