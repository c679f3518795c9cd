//! Reads the whole body of a request before its handler runs, with limits on size and time.
//!
//! Handlers with side effects run to completion even if the client disconnects. If a handler read
//! the body itself, a client that sends half a body could block it forever.

use core::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::Request;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::sync::Semaphore;

use crate::http::error::ApiError;
use crate::http::serve::ConnectionLimits;

/// The maximum size of a body, in bytes.
pub(crate) const BODY_LIMIT: usize = 64 * 1024;
/// The maximum size of all bodies that arrive over one HTTP/2 connection at the same time, in
/// bytes.
const CONNECTION_BODY_BYTES: usize = 4 * BODY_LIMIT;

/// Reads the bodies of one connection.
#[derive(Debug)]
pub(crate) struct BodyReader {
    timeout: Duration,
    /// The available bytes; `None` if many clients share the connection and bytes are not counted.
    available: Option<Semaphore>,
}

impl Default for BodyReader {
    /// For connections that the embedding application accepts. The number of clients behind such a
    /// connection is unknown, so bytes are not counted.
    fn default() -> Self {
        Self::new(ConnectionLimits::default().body, true)
    }
}

impl BodyReader {
    /// For a connection of one client, or of a proxy with many clients.
    pub(crate) fn new(timeout: Duration, is_proxy: bool) -> Self {
        Self {
            timeout,
            available: (!is_proxy).then(|| Semaphore::new(CONNECTION_BODY_BYTES)),
        }
    }

    /// Reads the whole body and returns the request with it.
    pub(super) async fn read(&self, request: Request) -> Result<Request, ApiError> {
        if request.body().is_end_stream() {
            return Ok(request);
        }
        let (head, body) = request.into_parts();
        match tokio::time::timeout(self.timeout, self.collect(body)).await {
            Ok(bytes) => Ok(Request::from_parts(head, Body::from(bytes?))),
            Err(_) => Err(ApiError::BodyTimeout),
        }
    }

    async fn collect(&self, body: Body) -> Result<Bytes, ApiError> {
        let upper = body.size_hint().upper().unwrap_or(u64::MAX);
        let size = usize::try_from(upper).map_or(BODY_LIMIT, |upper| upper.min(BODY_LIMIT));
        let _permit = match &self.available {
            None => None,
            // The semaphore is never closed. All bytes are acquired at once, so that two bodies
            // cannot deadlock, each with half of its bytes.
            Some(available) => available
                .acquire_many(u32::try_from(size).unwrap_or(u32::MAX))
                .await
                .ok(),
        };
        match Limited::new(body, BODY_LIMIT).collect().await {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(ApiError::PayloadTooLarge),
            Err(_) => Err(ApiError::InvalidRequest(
                "the request body is incomplete".to_owned(),
            )),
        }
    }
}
