//! `/api/admin/sessions` and `/api/admin/users/{id}/sessions`: lists and ends sessions of any user.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use latchkey_store::SessionOfUser;
use latchkey_types::admin::{AdminSession, AdminSessionList};

use super::admin::{operator, reader, user};
use crate::http::error::ApiError;
use crate::http::extract::{Device, Paging};
use crate::http::state::{Admin, AdminView};
use crate::services::{Services, user_agent};
use crate::use_cases::operator::{self, Actor};

/// `GET …/sessions`: a page of the live sessions of all users.
pub(crate) async fn list_all_sessions(
    State(state): State<Arc<Services>>,
    admin: AdminView,
    paging: Paging,
) -> Result<Json<AdminSessionList>, ApiError> {
    let page = reader(&state, &admin)
        .sessions(paging.before, paging.limit)
        .await?;
    Ok(Json(AdminSessionList {
        sessions: page.items.into_iter().map(wire).collect(),
        next: page.next.map(|cursor| cursor.to_string()),
    }))
}

/// `GET …/users/{id}/sessions`: the live sessions of a user.
pub(crate) async fn list_user_sessions(
    State(state): State<Arc<Services>>,
    admin: AdminView,
    Path(id): Path<String>,
) -> Result<Json<AdminSessionList>, ApiError> {
    let sessions = reader(&state, &admin).sessions_of(user(&id)?).await?;
    Ok(Json(AdminSessionList {
        sessions: sessions.into_iter().map(wire).collect(),
        next: None,
    }))
}

/// `DELETE …/sessions/{id}`: ends one session.
pub(crate) async fn delete_any_session(
    State(state): State<Arc<Services>>,
    admin: Admin,
    device: Device,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id = id
        .parse()
        .map_err(|_| operator::OperatorError::UnknownSession)?;
    operator(&state, &admin, device)
        .end_session(id, None)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE …/users/{id}/sessions`: ends a user's sessions.
pub(crate) async fn delete_user_sessions(
    State(state): State<Arc<Services>>,
    admin: Admin,
    device: Device,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    operator(&state, &admin, device)
        .end_sessions(user(&id)?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE …/sessions`: ends all sessions, including the caller's.
pub(crate) async fn delete_all_sessions(
    State(state): State<Arc<Services>>,
    admin: Admin,
    device: Device,
) -> Result<StatusCode, ApiError> {
    operator::end_everyone(&state, Actor::Admin(admin.id()), device.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn wire(SessionOfUser { live, user }: SessionOfUser) -> AdminSession {
    let (session, origin) = (live.session, live.origin);
    let device = user_agent::read(origin.user_agent.as_deref());
    AdminSession {
        id: session.id.to_string(),
        user: user.id.to_string(),
        email: user.email,
        browser: device.browser,
        system: device.system,
        address: origin.address,
        provider: origin.provider,
        opened_at: session.opened_at.as_secs(),
        last_seen: session.rotated_at.as_secs(),
        expires_at: session.idle_end.as_secs(),
        bound: session.binding.is_some(),
    }
}
