//! `GET /metrics` for Prometheus: on an address of its own, and on the main address behind a token.

use axum::Router;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use latchkey_axum::Latchkey;
use tokio::net::TcpListener;

use crate::config::MetricsToken;

/// The route. With a token, requests must have it.
pub(crate) fn router(latchkey: Latchkey, token: Option<MetricsToken>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .with_state((latchkey, token))
}

/// Serves the route alone until the future is dropped.
pub(crate) async fn serve(listener: TcpListener, router: Router) {
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the address of metrics.listen is no longer served");
    }
}

async fn metrics(
    State((latchkey, token)): State<(Latchkey, Option<MetricsToken>)>,
    headers: HeaderMap,
) -> Response {
    if let Some(token) = token
        && !bearer(&headers).is_some_and(|sent| token.matches(sent))
    {
        let challenge = [(WWW_AUTHENTICATE, r#"Bearer realm="metrics""#)];
        let text = "send the token of the configuration key metrics.token as a bearer token\n";
        return (StatusCode::UNAUTHORIZED, challenge, text).into_response();
    }
    let media_type = [(CONTENT_TYPE, Latchkey::METRICS_TYPE)];
    (media_type, latchkey.metrics().await).into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim_start())
}
