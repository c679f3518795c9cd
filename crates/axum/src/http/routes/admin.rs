//! `/api/admin`: administration. Requires the role `admin` and a recent sign-in.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use latchkey_core::UserId;
use latchkey_types::BanRequest;

use crate::http::error::ApiError;
use crate::http::extract::{Device, OptionalJson};
use crate::http::state::Admin;
use crate::services::Services;
use crate::use_cases::operator::{self, Actor, Operator, OperatorError};

/// `POST …/users/{id}/ban`: bans a user.
pub(crate) async fn create_ban(
    State(state): State<Arc<Services>>,
    admin: Admin,
    device: Device,
    Path(id): Path<String>,
    OptionalJson(body): OptionalJson<BanRequest>,
) -> Result<StatusCode, ApiError> {
    let body = body.ok_or_else(|| {
        ApiError::InvalidRequest(
            "the request has no body; send a JSON object with reason, the reason for the ban"
                .to_owned(),
        )
    })?;
    operator(&state, &admin, device)
        .ban(user(&id)?, &body.reason)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE …/users/{id}/ban`: lifts the ban.
pub(crate) async fn delete_ban(
    State(state): State<Arc<Services>>,
    admin: Admin,
    device: Device,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    operator(&state, &admin, device).unban(user(&id)?).await?;
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

fn operator<'a>(services: &'a Services, admin: &Admin, device: Device) -> Operator<'a> {
    Operator::online(services, Actor::Admin(admin.id())).from_device(device.into())
}

fn user(id: &str) -> Result<UserId, ApiError> {
    id.parse()
        .map_err(|_| OperatorError::UnknownUser("this id".to_owned()).into())
}
