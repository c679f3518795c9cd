//! `/api/account`: exporting and deleting the user's own account. Both require a recent sign-in.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_DISPOSITION;
use axum::response::IntoResponse;
use latchkey_core::{AuditEvent, Device};
use latchkey_store::LiveSession;
use latchkey_types::{AccountExport, ExportedAccount, ExportedEvent, ExportedSession};

use super::activity::audited;
use super::identities;
use crate::http::error::ApiError;
use crate::http::state::Recent;
use crate::services::Services;
use crate::use_cases::account::{self, Export};

/// `GET …/export`: the account, its identities, live sessions and security events, as a file.
pub(crate) async fn export_account(
    State(state): State<Arc<Services>>,
    user: Recent,
) -> Result<impl IntoResponse, ApiError> {
    let export = account::export(&state, user.claims()).await?;
    let file = "attachment; filename=\"account.json\"";
    Ok(([(CONTENT_DISPOSITION, file)], Json(wire(&state, export))))
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
        identities::wire(state, it, current)
    });
    AccountExport {
        exported_at: export.at.as_secs(),
        account: ExportedAccount {
            id: export.user.id.to_string(),
            created_at: export.user.created_at.as_secs(),
        },
        identities: identities.collect(),
        sessions: export.sessions.into_iter().map(session).collect(),
        events: export.events.into_iter().map(event).collect(),
    }
}

fn session(live: LiveSession) -> ExportedSession {
    let LiveSession { session, origin } = live;
    ExportedSession {
        id: session.id.to_string(),
        provider: origin.provider,
        opened_at: session.opened_at.as_secs(),
        auth_time: session.auth_time.map(latchkey_core::Timestamp::as_secs),
        last_seen: session.rotated_at.as_secs(),
        expires_at: session.idle_end.as_secs(),
        user_agent: origin.user_agent,
        address: origin.address,
        bound: session.binding.is_some(),
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
