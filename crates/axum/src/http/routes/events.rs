//! `GET /api/events`: what happens, as it happens (HTML, "Server-sent events").

use std::sync::Arc;

use core::convert::Infallible;
use core::time::Duration;

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

/// How often something is sent at least, so that whoever is between does not hang up.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Tells proxies that gather answers before they pass them on to let this one be.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Streams until the token is good no more, or the server stops.
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
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).text("keep-alive");
    let mut response = Sse::new(events).keep_alive(keep_alive).into_response();
    let headers = response.headers_mut();
    no_store(headers);
    headers.insert(BUFFERING, HeaderValue::from_static("no"));
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
