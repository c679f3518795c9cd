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
use axum::http::header::{CONNECTION, CONTENT_LENGTH, HeaderName};
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, Version};
use axum::response::{IntoResponse as _, Response};
use latchkey_core::{Device, ServerAct};
use latchkey_guard::{GuardError, REQUEST_ID, Rejection, RequestId};
use latchkey_types::paths;
use tower::{Layer, Service};
use tracing::{Instrument as _, Span};

use super::body::BodyReader;
use super::dpop;
use crate::http::error::{ApiError, ErrorFormat, ErrorResponse};
use crate::http::extract::{client_address, user_agent};
use crate::http::state::AppState;
use crate::services::audit_log::RefusedRequest;
use crate::services::metrics::RequestHistograms;
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
            histograms: Arc::default(),
            inner,
        }
    }
}

/// The service that [`EnvelopeLayer`] creates.
#[derive(Clone, Debug)]
pub(crate) struct Envelope<S> {
    state: Arc<AppState>,
    /// The histograms of the routes that `inner` serves.
    histograms: Arc<RequestHistograms>,
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

    fn call(&mut self, mut request: Request) -> ResponseFuture {
        // The service that was polled ready handles this request; its clone waits for the next.
        let next = self.inner.clone();
        let inner = core::mem::replace(&mut self.inner, next);
        let state = Arc::clone(&self.state);
        let histograms = Arc::clone(&self.histograms);
        let start = Instant::now();
        let info = RequestInfo::of(&request, &state.services.settings.trusted_proxies);
        let span = info.span();
        if !info.only_reads() {
            // For the extractor `Device`, and so for the audit log.
            let id = info.request_id.clone();
            request.extensions_mut().insert(id);
        }
        let response = async move {
            let mut response = respond(&state, inner, request, &info).await;
            let (method, route) = (info.method, info.route());
            let status = response.status();
            state.services.metrics.request(
                &histograms,
                (method, route, status.as_u16()),
                start.elapsed(),
            );
            let id = info.request_id.into_header();
            response.headers_mut().insert(REQUEST_ID, id);
            Ok(response)
        };
        Box::pin(response.instrument(span))
    }
}

/// What logs and metrics contain about a request.
struct RequestInfo {
    request_id: RequestId,
    method: &'static str,
    matched: Option<MatchedPath>,
}

impl RequestInfo {
    fn of(request: &Request, trusted: &TrustedProxies) -> Self {
        let extensions = request.extensions();
        Self {
            request_id: request_id(extensions, request.headers(), trusted),
            method: method_label(request.method()),
            matched: extensions.get::<MatchedPath>().cloned(),
        }
    }

    fn route(&self) -> &str {
        self.matched.as_ref().map_or("other", MatchedPath::as_str)
    }

    /// Whether the request only reads. Nothing about such a request is logged unless it fails.
    fn only_reads(&self) -> bool {
        let exceptions = [
            paths::LOGIN,
            paths::API_ACCOUNT_EXPORT,
            paths::API_ADMIN_EXPORT,
            paths::API_ADMIN_AUDIT_EXPORT,
            paths::API_EVENTS,
        ];
        self.method == "GET" && !exceptions.contains(&self.route())
    }

    /// The span around the request. Creating one takes about a tenth of the time of `GET /api/me`,
    /// so requests that only read have one at the level DEBUG.
    fn span(&self) -> Span {
        if self.only_reads() {
            let Self {
                request_id, method, ..
            } = self;
            let route = self.route();
            tracing::debug_span!(target: TARGET, "request", %request_id, method, route)
        } else {
            self.error_span()
        }
    }

    /// A span at the highest level, so that no filter removes the request id from log lines.
    fn error_span(&self) -> Span {
        let Self {
            request_id, method, ..
        } = self;
        let route = self.route();
        tracing::error_span!(target: TARGET, "request", %request_id, method, route)
    }
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

async fn respond<S>(state: &AppState, inner: S, request: Request, info: &RequestInfo) -> Response
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
    let user_agent = is_admin(request.uri().path()).then(|| user_agent(request.headers()));
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
        response = complete_error(response, path, &info.request_id);
    }
    if let Some(error) = error_of(&response) {
        nonce = nonce.or_for_error(&error);
        services
            .metrics
            .error(error.status_and_codes().code.as_str());
        let span = Span::current();
        let span = if span.is_disabled() {
            info.error_span()
        } else {
            span
        };
        span.in_scope(|| http.refusals.report(&error, address));
        if let (Some(user_agent), ApiError::Guard(GuardError::Forbidden(user))) =
            (user_agent, &error)
        {
            let device = Device {
                user_agent,
                address: address.map(|address| address.to_string()),
                request_id: Some(info.request_id.as_str().to_owned()),
            };
            let route = format!("{} {}", info.method, info.route());
            services.refuse(RefusedRequest {
                user: Some(*user),
                ..RefusedRequest::new(ServerAct::RequestRefused, &route, device)
            });
        }
    }
    nonce.add_to(response.headers_mut(), services);
    let common = &http.common_headers;
    common.add_to(response.headers_mut(), path != Path::Other);
    let status = response.status().as_u16();
    tracing::debug!(target: TARGET, status, "response");
    response
}

fn is_admin(path: &str) -> bool {
    path.starts_with("/api/admin/")
}

/// The error that a response reports, if it is one of Latchkey's.
fn error_of(response: &Response) -> Option<ApiError> {
    let extensions = response.extensions();
    let rejection = extensions.get::<Rejection>();
    rejection
        .map(|rejection| ApiError::Guard(rejection.error.clone()))
        .or_else(|| Some(extensions.get::<ErrorResponse>()?.error.clone()))
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
    match tokio::spawn(response.in_current_span()).await {
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

/// Gives an error response the request id, and the body that clients of its path expect.
fn complete_error(response: Response, path: Path, request_id: &RequestId) -> Response {
    let request_id = request_id.clone();
    let extensions = response.extensions();
    let mut completed = if let Some(rejection) = extensions.get::<Rejection>() {
        let mut rejection = rejection.clone();
        rejection.request_id = request_id;
        rejection.into_response()
    } else {
        let error = match extensions.get::<ErrorResponse>() {
            Some(ErrorResponse { error, .. }) => error.clone(),
            // Pages have their own error bodies.
            None if path == Path::Other => return response,
            // axum refused the request before a handler ran.
            None => framework_error(response.status()),
        };
        let format = if path == Path::OAuth {
            ErrorFormat::OAuth
        } else {
            ErrorFormat::Problem
        };
        ErrorResponse { error, request_id }.respond(format)
    };
    copy_headers(response.headers(), completed.headers_mut());
    completed
}

/// Copies headers such as `Allow` and `Set-Cookie`, which say more than the status.
fn copy_headers(from: &HeaderMap, to: &mut HeaderMap) {
    let own: Vec<HeaderName> = to.keys().cloned().collect();
    for (name, value) in from {
        if !own.contains(name) && name != CONTENT_LENGTH {
            to.append(name.clone(), value.clone());
        }
    }
}

/// The error for a status that axum chose, not one of our handlers.
fn framework_error(status: StatusCode) -> ApiError {
    match status {
        StatusCode::NOT_FOUND => ApiError::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => ApiError::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::PayloadTooLarge,
        status if status.is_client_error() => {
            ApiError::InvalidRequest("the request is malformed".to_owned())
        }
        _ => ApiError::Internal(format!("a response with status {status} reports no error")),
    }
}
