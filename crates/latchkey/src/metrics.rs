//! `GET /metrics` for Prometheus: on a separate address, and on the main one if there is a token.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use latchkey_axum::internals::serve_aside;
use latchkey_axum::{ConnectionLimits, Latchkey};
use tokio::net::TcpListener;

use crate::config::MetricsToken;

/// The route. If there is a token, requests must send it.
pub(crate) fn router(latchkey: Latchkey, token: Option<MetricsToken>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .with_state((latchkey, token))
}

/// Serves only this route, until the future is dropped.
pub(crate) async fn serve(
    listener: TcpListener,
    latchkey: Latchkey,
    token: Option<MetricsToken>,
    limits: ConnectionLimits,
) {
    let services = Arc::clone(latchkey.services());
    serve_aside(listener, &services, router(latchkey, token), limits).await;
}

async fn metrics(
    State((latchkey, token)): State<(Latchkey, Option<MetricsToken>)>,
    headers: HeaderMap,
) -> Response {
    if let Some(token) = token
        && !bearer(&headers).is_some_and(|sent| token.matches(sent))
    {
        let challenge = [(WWW_AUTHENTICATE, r#"Bearer realm="metrics""#)];
        let text = "send the configured metrics.token as a bearer token\n";
        return (StatusCode::UNAUTHORIZED, challenge, text).into_response();
    }
    let text = latchkey.metrics().await;
    if text.is_empty() {
        // The log has the cause. With an empty 200, Prometheus would consider the server healthy.
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    ([(CONTENT_TYPE, Latchkey::METRICS_TYPE)], text).into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim_start())
}
