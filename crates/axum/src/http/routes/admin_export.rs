//! `GET /api/admin/export`: a backup of the running server.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;

use crate::http::middleware::headers::no_store;
use crate::http::state::Admin;
use crate::services::Services;

/// Streams a backup as JSON lines. An aborted backup has no last line and cannot be imported.
pub(crate) async fn stream_export(State(state): State<Arc<Services>>, admin: Admin) -> Response {
    tracing::info!(by = %admin.id(), "backup export started");
    let lines = unfold(Some(state.export()), |export| async {
        let mut export = export?;
        match export.next().await {
            Ok(lines) => lines.map(|lines| (Ok(lines), Some(export))),
            Err(error) => {
                tracing::error!(%error, "backup export aborted");
                Some((Err(error), None))
            }
        }
    });
    let mut response = Body::from_stream(lines).into_response();
    let headers = response.headers_mut();
    no_store(headers);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    response
}
