//! `GET /api/admin/export`: a backup of the running server.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;
use latchkey_core::{Actor, Requester};
use latchkey_store::StoreError;
use tracing::{Instrument as _, Span};

use crate::backup::Export;
use crate::http::extract::Device;
use crate::http::middleware::headers::no_store;
use crate::http::state::Admin;
use crate::services::Services;

/// Streams a backup as JSON lines. An aborted backup has no last line and cannot be imported.
pub(crate) async fn stream_export(
    State(state): State<Arc<Services>>,
    admin: Admin,
    device: Device,
) -> Response {
    tracing::info!(by = %admin.id(), "backup export started");
    let by = Requester {
        actor: Some(Actor::Admin(admin.id())),
        device: device.into(),
    };
    // The body is read after the span around the request has ended.
    let span = Span::current();
    let lines = unfold(Some(state.export(by)), move |export| {
        next_lines(export).instrument(span.clone())
    });
    let mut response = Body::from_stream(lines).into_response();
    let headers = response.headers_mut();
    no_store(headers);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    response
}

/// The next lines and the rest of the export, or the error that ends it.
async fn next_lines(export: Option<Export>) -> Option<(Result<Bytes, StoreError>, Option<Export>)> {
    let mut export = export?;
    match export.next().await {
        Ok(lines) => lines.map(|lines| (Ok(lines), Some(export))),
        Err(error) => {
            tracing::error!(%error, "backup export aborted");
            Some((Err(error), None))
        }
    }
}
