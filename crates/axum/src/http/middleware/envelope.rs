//! The layer around every request to Latchkey's routes: it reads the body, applies the time limit,
//! adds security headers, completes error responses and logs refusals. Requests with side effects
//! run to completion even if the client disconnects.

use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::http::header::CONNECTION;
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, Version};
use axum::response::{IntoResponse as _, Response};
use latchkey_guard::{REQUEST_ID, Rejection, RequestId};
use latchkey_types::paths;
use tower::{Layer, Service};
use tracing::Instrument as _;

use super::body::BodyReader;
use super::dpop;
use crate::http::error::{ApiError, ErrorFormat, ErrorResponse};
use crate::http::extract::client_address;
use crate::http::state::AppState;
use crate::settings::TrustedProxies;

/// The target of spans and events about requests, for filters.
const TARGET: &str = "latchkey::http";
/// The longest time a request may take once its body is read.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Wraps routes in an [`Envelope`].
#[derive(Clone, Debug)]
pub(crate) struct EnvelopeLayer(Arc<AppState>);

impl EnvelopeLayer {
    /// Creates the layer.
    pub(crate) fn new(state: AppState) -> Self {
        Self(Arc::new(state))
    }
}

impl<S> Layer<S> for EnvelopeLayer {
    type Service = Envelope<S>;

    fn layer(&self, inner: S) -> Envelope<S> {
        Envelope {
            state: Arc::clone(&self.0),
            inner,
        }
    }
}

/// The service that [`EnvelopeLayer`] creates.
#[derive(Clone, Debug)]
pub(crate) struct Envelope<S> {
    state: Arc<AppState>,
    inner: S,
}

type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

impl<S> Service<Request> for Envelope<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> ResponseFuture {
        // The service that was polled ready handles this request; its clone waits for the next.
        let next = self.inner.clone();
        let inner = core::mem::replace(&mut self.inner, next);
        let state = Arc::clone(&self.state);
        Box::pin(async move { Ok(handle(&state, inner, request).await) })
    }
}

/// Assigns the request id, opens the span and records the duration.
async fn handle<S>(state: &AppState, inner: S, request: Request) -> Response
where
    S: Service<Request, Response = Response, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
{
    let start = Instant::now();
    let services = &state.services;
    let trusted = &services.settings.trusted_proxies;
    let request_id = request_id(request.extensions(), request.headers(), trusted);
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("other", MatchedPath::as_str);
    let method = method_label(request.method());
    // At the highest level, so that no filter removes the id from log lines.
    let span = tracing::error_span!(target: TARGET, "request", %request_id, method, route);
    let id = request_id.header();
    let responding = respond(state, inner, request);
    let mut response = request_id.scope(responding).instrument(span).await;
    response.headers_mut().insert(REQUEST_ID, id);
    let status = response.status();
    let metrics = &services.metrics;
    metrics.request(method, route, status.as_str(), start.elapsed());
    response
}

/// The request id from a trusted proxy, or a new one.
fn request_id(extensions: &Extensions, headers: &HeaderMap, trusted: &TrustedProxies) -> RequestId {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    let is_trusted =
        |ConnectInfo(peer): &ConnectInfo<SocketAddr>| trusted.contains(peer.ip().to_canonical());
    headers
        .get(REQUEST_ID)
        .filter(|_| peer.is_some_and(is_trusted))
        .and_then(RequestId::accept)
        .unwrap_or_else(RequestId::random)
}

/// The method as one of a fixed set of labels, because clients can send any text.
fn method_label(method: &Method) -> &'static str {
    const METHODS: [&str; 7] = ["GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH"];
    let known = METHODS.into_iter().find(|known| *known == method.as_str());
    known.unwrap_or("other")
}

async fn respond<S>(state: &AppState, inner: S, request: Request) -> Response
where
    S: Service<Request, Response = Response, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
{
    let AppState { services, http, .. } = state;
    let version = request.version();
    let path = Path::of(request.uri().path());
    let binding = services.settings.tokens.binding;
    let mut nonce = dpop::NonceHeader::for_path(request.uri().path(), binding);
    let trusted = &services.settings.trusted_proxies;
    let address = client_address(request.extensions(), request.headers(), trusted);
    let body_reader = request.extensions().get::<Arc<BodyReader>>().cloned();
    let read = match body_reader {
        Some(body_reader) => body_reader.read(request).await,
        None => BodyReader::default().read(request).await,
    };
    let mut response = match read {
        Err(error) => body_error(error, version),
        Ok(request) => tokio::time::timeout(TIME_LIMIT, call_route(inner, request))
            .await
            .unwrap_or_else(|_| ApiError::Timeout.into_response()),
    };
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        response = complete_error(response, path);
    }
    if let Some(Rejection { error, .. }) = response.extensions().get() {
        let error = ApiError::Guard(error.clone());
        services
            .metrics
            .error(error.status_and_codes().code.as_str());
        http.refusals.report(&error, address);
    } else if let Some(ErrorResponse { error, .. }) = response.extensions().get() {
        nonce = nonce.or_for_error(error);
        services
            .metrics
            .error(error.status_and_codes().code.as_str());
        http.refusals.report(error, address);
    }
    nonce.add_to(response.headers_mut(), services);
    let common = &http.common_headers;
    common.add_to(response.headers_mut(), path != Path::Other);
    let status = response.status().as_u16();
    tracing::debug!(target: TARGET, status, "response");
    response
}

/// The response to a request whose body was not read completely. HTTP/1 connections are closed, so
/// that the rest of the body is not parsed as the next request; HTTP/2 resets the stream by itself.
fn body_error(error: ApiError, version: Version) -> Response {
    let mut response = error.into_response();
    if version < Version::HTTP_2 {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}

/// Calls the route. Requests with side effects run to completion even if the client disconnects or
/// the time limit is reached: a change in the store must also reach the denylist in memory.
async fn call_route<S>(mut inner: S, request: Request) -> Response
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    let safe = request.method().is_safe();
    let response = inner.call(request);
    if safe {
        let Ok(response) = response.await;
        return response;
    }
    let response = RequestId::current().scope(response).in_current_span();
    match tokio::spawn(response).await {
        Ok(Ok(response)) => response,
        Err(error) => ApiError::Internal(error.to_string()).into_response(),
    }
}

/// The kind of a path, which decides the form of its error responses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Path {
    /// An endpoint of RFC 6749 or RFC 7009.
    OAuth,
    /// Any other endpoint of the API.
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

/// Gives an error response the body that clients of its path expect.
fn complete_error(response: Response, path: Path) -> Response {
    let extensions = response.extensions();
    if extensions.get::<Rejection>().is_some() {
        return response;
    }
    let error = match extensions.get::<ErrorResponse>() {
        Some(_) if path != Path::OAuth => return response,
        Some(error) => error.clone(),
        // Pages have their own error bodies.
        None if path == Path::Other => return response,
        // axum refused the request before a handler ran.
        None => ErrorResponse::new(framework_error(response.status())),
    };
    let format = if path == Path::OAuth {
        ErrorFormat::OAuth
    } else {
        ErrorFormat::Problem
    };
    let mut completed = error.respond(format);
    copy_headers(response.headers(), completed.headers_mut());
    completed
}

/// Copies headers such as `Allow`, which say more than the status.
fn copy_headers(from: &HeaderMap, to: &mut HeaderMap) {
    for (name, value) in from {
        if !to.contains_key(name) && name != axum::http::header::CONTENT_LENGTH {
            to.insert(name.clone(), value.clone());
        }
    }
}

/// The error for a status that axum chose rather than one of our handlers.
fn framework_error(status: StatusCode) -> ApiError {
    match status {
        StatusCode::NOT_FOUND => ApiError::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => ApiError::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::PayloadTooLarge,
        status if status.is_client_error() => {
            ApiError::InvalidRequest("the request is malformed".to_owned())
        }
        _ => ApiError::Internal(format!("a response with status {status} has no cause")),
    }
}
