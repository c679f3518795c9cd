//! `GET /api/events`: a stream of server-sent events (HTML standard).

use core::convert::Infallible;
use core::time::Duration;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;
use latchkey_core::DenialReason;
use latchkey_types::{ErrorCode, ServerEvent};

use crate::http::error::ApiError;
use crate::http::middleware::headers::no_store;
use crate::http::state::User;
use crate::services::Services;
use crate::services::event_stream::{EventStream, Notice};

/// The interval between keep-alive comments, which prevent proxies from closing the connection.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// Tells proxies not to buffer the response.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Streams events until the access token expires or is revoked, or the server stops.
pub(crate) async fn stream_events(
    State(state): State<Arc<Services>>,
    user: User,
) -> Result<Response, ApiError> {
    let stream = EventStream::open(&state, Arc::clone(user.verified()))?;
    let events = unfold(stream, |mut stream| async {
        let event = Event::default()
            .json_data(wire(stream.next().await?))
            .ok()?;
        Some((Ok::<_, Infallible>(event), stream))
    });
    let keep_alive = KeepAlive::new()
        .interval(KEEP_ALIVE_INTERVAL)
        .text("keep-alive");
    let mut response = Sse::new(events).keep_alive(keep_alive).into_response();
    let headers = response.headers_mut();
    no_store(headers);
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    Ok(response)
}

fn wire(notice: Notice) -> ServerEvent {
    match notice {
        Notice::Ready => ServerEvent::Ready,
        Notice::AccountChanged => ServerEvent::AccountChanged,
        Notice::SessionEnded(reason) => ServerEvent::SessionEnded {
            code: match reason {
                DenialReason::SignedOut | DenialReason::Revoked | DenialReason::EndedByOperator => {
                    ErrorCode::SessionEnded
                }
                DenialReason::Replayed => ErrorCode::RefreshReplayed,
                DenialReason::Banned => ErrorCode::Banned,
            },
        },
    }
}
