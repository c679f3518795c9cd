//! Reads the body of a request before anything else is done about it: whole, bounded, in time.
//!
//! A handler that changes something is carried through when its client hangs up; were it to read
//! the body itself, a client that sends half of one would keep it for ever.

use core::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::Request;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::sync::Semaphore;

use crate::http::error::ApiError;
use crate::http::serve::ConnectionLimits;

/// The longest body that is read, in bytes.
pub(crate) const BODY_LIMIT: usize = 64 * 1024;
/// How much all bodies that one client sends over one HTTP/2 connection may take while they arrive.
const ALL_BODIES: usize = 4 * BODY_LIMIT;

/// How bodies are read from one connection.
#[derive(Debug)]
pub(crate) struct Inbound {
    deadline: Duration,
    /// Bytes that are free. `None`: not counted, because many clients share the connection.
    free: Option<Semaphore>,
}

impl Default for Inbound {
    /// For a request of a connection that is not ours.
    fn default() -> Self {
        Self::new(ConnectionLimits::default().body, true)
    }
}

impl Inbound {
    /// For a connection of a client, or of a proxy in front of many.
    pub(crate) fn new(deadline: Duration, is_proxy: bool) -> Self {
        Self {
            deadline,
            free: (!is_proxy).then(|| Semaphore::new(ALL_BODIES)),
        }
    }

    /// The request with its whole body.
    pub(super) async fn read(&self, request: Request) -> Result<Request, ApiError> {
        if request.body().is_end_stream() {
            return Ok(request);
        }
        let (head, body) = request.into_parts();
        match tokio::time::timeout(self.deadline, self.collect(body)).await {
            Ok(bytes) => Ok(Request::from_parts(head, Body::from(bytes?))),
            Err(_) => Err(ApiError::BodyTimeout),
        }
    }

    async fn collect(&self, body: Body) -> Result<Bytes, ApiError> {
        let longest = body.size_hint().upper().unwrap_or(u64::MAX);
        let room = usize::try_from(longest).map_or(BODY_LIMIT, |longest| longest.min(BODY_LIMIT));
        let _room = match &self.free {
            None => None,
            // Never closed. All of it at once, and in turn: two that have half cannot wait for
            // each other.
            Some(free) => free
                .acquire_many(u32::try_from(room).unwrap_or(u32::MAX))
                .await
                .ok(),
        };
        match Limited::new(body, BODY_LIMIT).collect().await {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(ApiError::PayloadTooLarge),
            Err(_) => Err(ApiError::InvalidRequest(
                "the body did not arrive whole".to_owned(),
            )),
        }
    }
}
