//! `/api/admin/audit`: the audit log. Requires the role `admin`.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;
use latchkey_core::{RecordOutcome, Timestamp};
use latchkey_store::{AuditQuery, StoreError};
use latchkey_types::admin::AuditList;
use tracing::{Instrument as _, Span};

use crate::http::error::ApiError;
use crate::http::extract::{Device, Form, limit};
use crate::http::middleware::headers::no_store;
use crate::http::state::{Admin, AdminView};
use crate::services::Services;
use crate::use_cases::audit::{self, Export};

/// `GET …/audit`: lists the selected records, newest first.
pub(crate) async fn list_audit(
    State(state): State<Arc<Services>>,
    _admin: AdminView,
    RawQuery(query): RawQuery,
) -> Result<Json<AuditList>, ApiError> {
    let page = audit::list(&state, parse(query)?).await?;
    let events = page.records.into_iter();
    Ok(Json(AuditList {
        events: events.map(|(id, record)| audit::wire(id, record)).collect(),
        next: page.next.map(|next| next.to_string()),
    }))
}

/// `GET …/audit/export`: streams the selected records as JSON lines.
pub(crate) async fn export_audit(
    State(state): State<Arc<Services>>,
    admin: Admin,
    device: Device,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let query = parse(query)?;
    tracing::info!(by = %admin.id(), "audit export started");
    let export = audit::export(&state, query, admin.id(), device.into());
    // The body is read after the span around the request has ended.
    let span = Span::current();
    let lines = unfold(Some((state, export)), move |export| {
        next_lines(export).instrument(span.clone())
    });
    let mut response = Body::from_stream(lines).into_response();
    let headers = response.headers_mut();
    no_store(headers);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    Ok(response)
}

type Rest = Option<(Arc<Services>, Export)>;

/// The next lines and the rest of the export, or the error that ends it.
async fn next_lines(rest: Rest) -> Option<(Result<Bytes, StoreError>, Rest)> {
    let (state, mut export) = rest?;
    match export.next(&*state.store).await {
        Ok(lines) => {
            let lines = lines?;
            Some((Ok(Bytes::from(lines)), Some((state, export))))
        }
        Err(error) => {
            tracing::error!(%error, "audit export aborted");
            Some((Err(error), None))
        }
    }
}

fn parse(query: Option<String>) -> Result<AuditQuery, ApiError> {
    let query = Form::parse(query.unwrap_or_default().as_bytes())?;
    let invalid = |text: &str| ApiError::InvalidRequest(text.to_owned());
    let user = query.get("user").map(str::parse).transpose();
    let user = user.map_err(|_| invalid("user must be a user id, as in the claim sub"))?;
    let kind = query.get("kind").map(audit::kind).transpose();
    let kind = kind.map_err(|error| ApiError::InvalidRequest(format!("kind: {error}")))?;
    let outcome = match query.get("outcome") {
        None => None,
        Some("success") => Some(RecordOutcome::Success),
        Some("refused") => Some(RecordOutcome::Refused),
        Some("failed") => Some(RecordOutcome::Failed),
        Some(_) => return Err(invalid("outcome must be success, refused or failed")),
    };
    let time = |name: &str| {
        let seconds = query.get(name).map(str::parse).transpose();
        let seconds = seconds.map_err(|_| {
            ApiError::InvalidRequest(format!(
                "{name} must be a whole number of seconds since 1970"
            ))
        })?;
        Ok::<_, ApiError>(seconds.map(Timestamp::from_secs))
    };
    let before = query.get("before").map(str::parse).transpose();
    let before = before.map_err(|error: latchkey_core::audit::InvalidPosition| {
        ApiError::InvalidRequest(error.to_string())
    })?;
    let limit = limit(&query)?;
    Ok(AuditQuery {
        user,
        kind,
        outcome,
        after: time("after")?,
        until: time("until")?,
        before,
        limit,
    })
}
