//! `GET /api/activity`: the user's account activity.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use latchkey_core::AuditKind;
use latchkey_types::{Activity, ActivityKind, ActivityList};

use crate::http::error::ApiError;
use crate::http::extract::{Form, limit};
use crate::http::state::User;
use crate::services::Services;
use crate::services::user_agent;
use crate::use_cases::activity::{self, Entry, Kind};

/// Lists the events before a cursor, newest first.
pub(crate) async fn list_activity(
    State(state): State<Arc<Services>>,
    user: User,
    RawQuery(query): RawQuery,
) -> Result<Json<ActivityList>, ApiError> {
    let query = Form::parse(query.unwrap_or_default().as_bytes())?;
    let limit = limit(&query)?;
    let before = query.get("before").map(str::parse).transpose();
    let before = before.map_err(|error: latchkey_core::audit::InvalidPosition| {
        ApiError::InvalidRequest(error.to_string())
    })?;
    let page = activity::list(&state, user.id(), before, limit).await?;
    Ok(Json(ActivityList {
        events: page.entries.into_iter().map(wire).collect(),
        next: page.next.map(|position| position.to_string()),
    }))
}

fn wire(entry: Entry) -> Activity {
    let device = user_agent::read(entry.device.user_agent.as_deref());
    Activity {
        at: entry.position.at.as_secs(),
        kind: kind(entry.kind),
        session_id: entry.session.map(|id| id.to_string()),
        browser: device.browser,
        system: device.system,
        address: entry.device.address,
        other_address: entry.other_address,
    }
}

fn kind(kind: Kind) -> ActivityKind {
    match kind {
        Kind::Refreshed => ActivityKind::Refreshed,
        Kind::Audited(kind) => audited(kind),
    }
}

/// The wire form of a security event's kind.
pub(super) fn audited(kind: AuditKind) -> ActivityKind {
    match kind {
        AuditKind::SignedIn => ActivityKind::SignedIn,
        AuditKind::SignedOut => ActivityKind::SignedOut,
        AuditKind::EndedRemotely => ActivityKind::EndedRemotely,
        AuditKind::EndedAll => ActivityKind::EndedAll,
        AuditKind::Replayed => ActivityKind::Replayed,
        AuditKind::ProofMissing => ActivityKind::ProofMissing,
        AuditKind::Revoked => ActivityKind::Revoked,
        AuditKind::EndedByOperator => ActivityKind::EndedByOperator,
        AuditKind::Banned => ActivityKind::Banned,
        AuditKind::Unbanned => ActivityKind::Unbanned,
        AuditKind::PasswordChanged => ActivityKind::PasswordChanged,
        AuditKind::RolesChanged => ActivityKind::RolesChanged,
        AuditKind::TokenDenied => ActivityKind::TokenDenied,
        AuditKind::DenialLifted => ActivityKind::DenialLifted,
        AuditKind::Displaced => ActivityKind::Displaced,
        AuditKind::NotAdmitted => ActivityKind::NotAdmitted,
        AuditKind::IdentityLinked => ActivityKind::IdentityLinked,
        AuditKind::IdentityRemoved => ActivityKind::IdentityRemoved,
        AuditKind::AccountDeleted => ActivityKind::AccountDeleted,
    }
}
