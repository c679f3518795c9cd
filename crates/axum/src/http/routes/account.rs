//! `/api/account`: exporting and deleting the user's own account. Both require a recent sign-in.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::IntoResponse;
use latchkey_core::{
    AuditEvent, AuditRecord, Device, RecordClass, Session, SessionOrigin, SessionStatus, Timestamp,
    User,
};
use latchkey_types::{
    AccountExport, ExportedAccount, ExportedBan, ExportedEvent, ExportedRecord, ExportedSession,
};

use super::activity::audited;
use super::identities;
use crate::http::error::ApiError;
use crate::http::state::Recent;
use crate::services::Services;
use crate::use_cases::account::{self, Export};
use crate::use_cases::audit;

/// `GET …/export`: the account, its identities, sessions, security events and audit records, as a
/// file.
pub(crate) async fn export_account(
    State(state): State<Arc<Services>>,
    user: Recent,
) -> Result<impl IntoResponse, ApiError> {
    let (export, permit) = account::export(&state, user.claims()).await?;
    let file = serde_json::to_vec(&wire(&state, export));
    let file = file.map_err(|error| ApiError::Internal(error.to_string()))?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CONTENT_LENGTH, file.len().into()),
        (
            CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"account.json\""),
        ),
    ];
    Ok((headers, Body::from_stream(permit.send(file))))
}

/// `DELETE`: deletes the account. Once the response is sent, all tokens of the user are refused.
pub(crate) async fn delete_account(
    State(state): State<Arc<Services>>,
    user: Recent,
) -> Result<StatusCode, ApiError> {
    account::delete(&state, user.claims()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn wire(state: &Services, export: Export) -> AccountExport {
    let identities = export.user.all_identities().into_iter();
    let identities = identities.map(|it| {
        let current = export.current_identity == Some(it.number);
        let suspended = export.user.is_suspended(it.number);
        identities::wire(state, it, (current, suspended))
    });
    AccountExport {
        exported_at: export.at.as_secs(),
        account: account_of(&export.user),
        identities: identities.collect(),
        sessions: export.sessions.into_iter().map(session).collect(),
        events: export.events.into_iter().map(event).collect(),
        audit: export.records.into_iter().map(record).collect(),
    }
}

fn account_of(user: &User) -> ExportedAccount {
    ExportedAccount {
        id: user.id.to_string(),
        username: user.username.as_ref().map(ToString::to_string),
        email: user.email.clone(),
        name: user.name.clone(),
        hosted_domain: user.hosted_domain.clone(),
        granted_roles: user.roles.clone(),
        created_at: user.created_at.as_secs(),
        ban: user.ban.as_ref().map(|ban| ExportedBan {
            at: ban.at.as_secs(),
            until: ban.until.map(Timestamp::as_secs),
        }),
    }
}

fn session((session, origin): (Session, SessionOrigin)) -> ExportedSession {
    let ended = match session.status {
        SessionStatus::Live => None,
        SessionStatus::Ended { at, reason } => Some((at.as_secs(), audited(reason.into()))),
    };
    let (ended_at, end_reason) = ended.unzip();
    ExportedSession {
        id: session.id.to_string(),
        provider: origin.provider,
        opened_at: session.opened_at.as_secs(),
        auth_time: session.auth_time.map(Timestamp::as_secs),
        last_seen: session.rotated_at.as_secs(),
        expires_at: session.idle_end.as_secs(),
        ended_at,
        end_reason,
        user_agent: origin.user_agent,
        address: origin.address,
        bound: session.binding.is_some(),
    }
}

fn record(record: AuditRecord) -> ExportedRecord {
    // The user does not learn which operator acted or from where, nor the detail, such as the reason
    // for a ban.
    let by_operator = record.class() == RecordClass::OperatorActs;
    let (device, detail) = if by_operator {
        (Device::default(), None)
    } else {
        (record.device, record.detail)
    };
    ExportedRecord {
        at: record.at.as_secs(),
        kind: record.kind.to_string(),
        outcome: audit::outcome(record.outcome),
        by_operator,
        session_id: record.session.map(|id| id.to_string()),
        provider: record.provider,
        user_agent: device.user_agent,
        address: device.address,
        request_id: device.request_id,
        detail,
    }
}

fn event(event: AuditEvent) -> ExportedEvent {
    // The user does not learn where an operator acted from.
    let device = match event.actor {
        Some(_) => Device::default(),
        None => event.device,
    };
    ExportedEvent {
        at: event.at.as_secs(),
        kind: audited(event.kind),
        session_id: event.session.map(|id| id.to_string()),
        user_agent: device.user_agent,
        address: device.address,
        other_address: event.other_address,
    }
}
