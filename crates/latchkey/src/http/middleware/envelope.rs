//! Around every request: a time limit, a request id, the security headers, the bodies of errors,
//! and the log of what went wrong.

use core::time::Duration;
use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{CONNECTION, CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_core::rng;
use latchkey_types::{OAuthError, Problem, paths};
use tower::Service as _;

use super::body::Inbound;
use super::dpop;
use crate::http::error::ApiError;
use crate::http::extract::client_address;
use crate::state::AppState;

/// The longest a request may take once its body is read.
const TIME_LIMIT: Duration = Duration::from_secs(30);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// See the module. Around the router as a whole: a layer would be copied for every request.
pub async fn envelope(
    state: &AppState,
    router: Router,
    request: Request,
    inbound: &Inbound,
) -> Response {
    let version = request.version();
    let path = Path::of(request.uri().path());
    let binding = state.config.tokens.binding;
    let mut notes = dpop::Notes::of(request.uri().path(), binding);
    let log = tracing::enabled!(target: "latchkey::http", tracing::Level::DEBUG)
        .then(|| (request.method().clone(), request.uri().path().to_owned()));
    let trusted = &state.config.trusted_proxies;
    let address = client_address(request.extensions(), request.headers(), trusted);
    let mut response = match inbound.read(request).await {
        Err(error) => unread(error, version),
        Ok(request) => tokio::time::timeout(TIME_LIMIT, answer(router, request))
            .await
            .unwrap_or_else(|_| ApiError::Timeout.into_response()),
    };
    if response.status().is_client_error() || response.status().is_server_error() {
        notes = notes.and_of(&response, binding);
        response = explain(response, path, state, address);
    } else if let Some(error) = response.extensions().get::<ApiError>() {
        // A page will tell the person.
        state.refusals.report(error, &request_id(state), address);
    }
    notes.write(response.headers_mut(), state);
    let common = &state.common_headers;
    common.add_to(response.headers_mut(), path != Path::Other);
    if let Some((method, path)) = log {
        let status = response.status().as_u16();
        tracing::debug!(target: "latchkey::http", %method, path, status);
    }
    response
}

/// The answer to a request whose body was not read to its end. What is left of it must not be taken
/// for the next request; HTTP/2 resets the stream by itself.
fn unread(error: ApiError, version: Version) -> Response {
    let mut response = error.into_response();
    if version < Version::HTTP_2 {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}

/// The answer. What changes something is carried through even if the client hangs up or time runs
/// out: a change that the store has made must reach the denylist as well.
async fn answer(mut router: Router, request: Request) -> Response {
    let safe = request.method().is_safe();
    let answered = router.call(request);
    if safe {
        return match answered.await {
            Ok(response) => response,
            Err(never) => match never {},
        };
    }
    match tokio::spawn(answered).await {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        Err(error) => ApiError::Internal(error.to_string()).into_response(),
    }
}

/// What a path says about the form of its answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Path {
    /// RFC 6749 is about it.
    OAuth,
    /// For programs.
    Api,
    /// Pages and files.
    Other,
}

impl Path {
    fn of(path: &str) -> Self {
        match path {
            paths::TOKEN | paths::REFRESH | paths::REVOKE => Self::OAuth,
            _ if path.starts_with("/api") || path.starts_with("/auth") => Self::Api,
            _ => Self::Other,
        }
    }
}

/// Writes the body of an error.
fn explain(response: Response, path: Path, state: &AppState, address: Option<IpAddr>) -> Response {
    let status = response.status();
    let error = match response.extensions().get::<ApiError>() {
        Some(error) => error.clone(),
        // Pages have bodies of their own; what axum itself refuses has none of use.
        None if path == Path::Other => return response,
        None => foreign(status),
    };
    let shape = error.shape();
    let request_id = request_id(state);
    state.refusals.report(&error, &request_id, address);
    let mut explained = if path == Path::OAuth {
        Json(OAuthError {
            error: shape.oauth.to_owned(),
            error_description: Some(error.detail()),
            code: Some(shape.code),
            reason: error.reason(),
            request_id: Some(request_id.clone()),
        })
        .into_response()
    } else {
        let mut response = Json(Problem {
            kind: "about:blank".to_owned(),
            title: shape
                .status
                .canonical_reason()
                .unwrap_or("Error")
                .to_owned(),
            status: shape.status.as_u16(),
            detail: error.detail(),
            code: shape.code,
            request_id: request_id.clone(),
        })
        .into_response();
        let problem = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, problem);
        response
    };
    *explained.status_mut() = shape.status;
    let headers = explained.headers_mut();
    // `Allow` and the like, which say more than the status.
    for (name, value) in response.headers() {
        if !headers.contains_key(name) && name != axum::http::header::CONTENT_LENGTH {
            headers.insert(name.clone(), value.clone());
        }
    }
    if let Some(challenge) = error.challenge() {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    if let Some(seconds) = error.retry_after() {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID, value);
    }
    explained
}

/// An error that no handler of ours made.
fn foreign(status: StatusCode) -> ApiError {
    match status {
        StatusCode::NOT_FOUND => ApiError::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => ApiError::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::PayloadTooLarge,
        status if status.is_client_error() => {
            ApiError::InvalidRequest("the request is malformed".to_owned())
        }
        _ => ApiError::Internal(format!("a response of status {status} without a cause")),
    }
}

/// Leads from an answer to its line in the log, and tells nothing else.
fn request_id(state: &AppState) -> String {
    URL_SAFE_NO_PAD.encode(rng::bytes::<12>(&*state.rng))
}
