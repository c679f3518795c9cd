//! `POST /api/admin/users`, `POST /api/admin/invitations` and
//! `POST /api/admin/users/{id}/password-link`: local accounts. A link that cannot be sent by mail is
//! in the response. It cannot be retrieved later.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use latchkey_core::{User, Username};
use latchkey_types::admin::{AdminLink, InvitationRequest, NewUserRequest, UserCreated};

use super::admin::{required, user};
use super::admin_users::wire;
use crate::http::error::ApiError;
use crate::http::extract::{Device, OptionalJson};
use crate::http::state::Admin;
use crate::services::Services;
use crate::services::local::mailer::Message;
use crate::use_cases::local_operator::{Link, LocalOperator, NewLocalAccount, send_by_mail};
use crate::use_cases::operator::Actor;

/// `POST …/users`: creates a local account without a password.
pub(crate) async fn create_user(
    State(state): State<Arc<Services>>,
    admin: Admin,
    device: Device,
    body: OptionalJson<NewUserRequest>,
) -> Result<Json<UserCreated>, ApiError> {
    let body = required(body, "username")?;
    let new = NewLocalAccount {
        username: body.username,
        email: body.email,
        name: body.name,
        roles: body.roles,
        password: None,
    };
    let (user, link) = operator(&state, &admin, device).create(new).await?;
    // An account that is created without a password gets a link.
    let link = link.ok_or_else(|| ApiError::Internal("an account without a link".to_owned()))?;
    let message =
        |to: &str, link: &str| Message::new_account(to, username(&user), &state.public_url, link);
    let link = deliver(&state, user.email.as_deref(), link, message).await;
    let user = wire(&state, user);
    Ok(Json(UserCreated { user, link }))
}

/// `POST …/invitations`: creates an invitation.
pub(crate) async fn create_invitation(
    State(state): State<Arc<Services>>,
    admin: Admin,
    device: Device,
    body: OptionalJson<InvitationRequest>,
) -> Result<Json<AdminLink>, ApiError> {
    let email = body.0.and_then(|body| body.email);
    let email = email.as_deref().map(str::trim).filter(|it| !it.is_empty());
    let link = operator(&state, &admin, device).invite(email).await?;
    let message = |to: &str, link: &str| Message::invitation(to, &state.public_url, link);
    Ok(Json(deliver(&state, email, link, message).await))
}

/// `POST …/users/{id}/password-link`: creates a link to set a new password.
pub(crate) async fn create_password_link(
    State(state): State<Arc<Services>>,
    admin: Admin,
    device: Device,
    Path(id): Path<String>,
) -> Result<Json<AdminLink>, ApiError> {
    let operator = operator(&state, &admin, device);
    let (user, link) = operator.reset_password_of(user(&id)?).await?;
    let message =
        |to: &str, link: &str| Message::set_password(to, username(&user), &state.public_url, link);
    Ok(Json(
        deliver(&state, user.email.as_deref(), link, message).await,
    ))
}

fn operator<'a>(services: &'a Services, admin: &Admin, device: Device) -> LocalOperator<'a> {
    LocalOperator::online(services, Actor::Admin(admin.id())).from_device(device.into())
}

fn username(user: &User) -> &str {
    user.username.as_ref().map_or("", Username::as_str)
}

async fn deliver(
    services: &Services,
    to: Option<&str>,
    link: Link,
    message: impl FnOnce(&str, &str) -> Message,
) -> AdminLink {
    let expires_at = link.expires_at.as_secs();
    let is_mailed = send_by_mail(services, to, &link, message).await;
    AdminLink {
        url: (!is_mailed).then_some(link.url),
        mailed_to: to.filter(|_| is_mailed).map(str::to_owned),
        expires_at,
    }
}
