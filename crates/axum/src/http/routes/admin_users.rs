//! `/api/admin/users`: searches users, and changes bans and roles.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use latchkey_core::{Rights, Timestamp, User};
use latchkey_store::{UserQuery, UserStatus};
use latchkey_types::BanRequest;
use latchkey_types::admin::{AdminBan, AdminIdentity, AdminUser, AdminUserList, RolesRequest};

use super::admin::{operator, reader, required, user};
use crate::http::error::ApiError;
use crate::http::extract::{Device, Form, OptionalJson, Paging};
use crate::http::state::{Admin, AdminView};
use crate::services::Services;
use crate::use_cases::operator::UserSelector;

/// `GET`: a page of the users that match a query.
pub(crate) async fn list_users(
    State(state): State<Arc<Services>>,
    admin: AdminView,
    paging: Paging,
) -> Result<Json<AdminUserList>, ApiError> {
    let query = parse(&paging.query)?;
    let page = reader(&state, &admin)
        .users(query, paging.before, paging.limit)
        .await?;
    let users = page.items.into_iter().map(|user| wire(&state, user));
    Ok(Json(AdminUserList {
        users: users.collect(),
        next: page.next.map(|cursor| cursor.to_string()),
    }))
}

/// `GET …/{id}`: one user.
pub(crate) async fn show_user(
    State(state): State<Arc<Services>>,
    admin: AdminView,
    Path(id): Path<String>,
) -> Result<Json<AdminUser>, ApiError> {
    let selector = UserSelector::Id(user(&id)?);
    let user = reader(&state, &admin).find(&selector).await?;
    Ok(Json(wire(&state, user)))
}

/// `PUT …/{id}/roles`: replaces the roles that were granted to a user.
pub(crate) async fn replace_roles(
    State(state): State<Arc<Services>>,
    admin: Admin,
    device: Device,
    Path(id): Path<String>,
    body: OptionalJson<RolesRequest>,
) -> Result<Json<AdminUser>, ApiError> {
    let body = required(body, "roles, an array of roles")?;
    let changed = operator(&state, &admin, device)
        .set_roles(user(&id)?, body.roles)
        .await?;
    Ok(Json(wire(&state, changed)))
}

/// `POST …/{id}/ban`: bans a user.
pub(crate) async fn create_ban(
    State(state): State<Arc<Services>>,
    admin: Admin,
    device: Device,
    Path(id): Path<String>,
    body: OptionalJson<BanRequest>,
) -> Result<StatusCode, ApiError> {
    let body = required(body, "reason, the reason for the ban")?;
    let until = body.until.map(Timestamp::from_secs);
    operator(&state, &admin, device)
        .ban_until(user(&id)?, &body.reason, until)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE …/{id}/ban`: lifts the ban.
pub(crate) async fn delete_ban(
    State(state): State<Arc<Services>>,
    admin: Admin,
    device: Device,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    operator(&state, &admin, device).unban(user(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn parse(query: &Form) -> Result<UserQuery, ApiError> {
    let status = match query.get("status") {
        None => None,
        Some("active") => Some(UserStatus::Active),
        Some("banned") => Some(UserStatus::Banned),
        Some(_) => {
            let text = "status must be active or banned".to_owned();
            return Err(ApiError::InvalidRequest(text));
        }
    };
    Ok(UserQuery {
        text: query.get("q").unwrap_or_default().to_owned(),
        status,
        role: query.get("role").map(str::to_owned),
    })
}

pub(super) fn wire(services: &Services, user: User) -> AdminUser {
    let rights = &services.settings.rights;
    let now = services.clock.now();
    let all = user.all_identities();
    // All roles that a session of the user can have: they depend on the identity that opened it.
    let per_identity = all.iter().filter_map(|it| user.signed_in_with(it.number));
    let mut roles: Vec<_> = per_identity.flat_map(|user| rights.roles(&user)).collect();
    roles.extend(user.roles.iter().cloned());
    roles.sort_unstable();
    roles.dedup();
    let ban = user.ban_in_force(now).map(|ban| AdminBan {
        at: ban.at.as_secs(),
        reason: ban.reason.clone(),
        until: ban.until.map(Timestamp::as_secs),
    });
    let identities = all.into_iter().map(|it| AdminIdentity {
        provider: provider(rights, &it.identity.issuer),
        issuer: it.identity.issuer,
        subject: it.identity.subject,
    });
    AdminUser {
        id: user.id.to_string(),
        username: user.username.map(|name| name.to_string()),
        email_verified: user.email.as_ref().map(|_| user.email_verified),
        email: user.email,
        name: user.name,
        identities: identities.collect(),
        provider: provider(rights, &user.identity.issuer),
        roles,
        granted_roles: user.roles,
        created_at: user.created_at.as_secs(),
        ban,
    }
}

/// The configured name of the provider with this issuer, or the issuer.
fn provider(rights: &Rights, issuer: &str) -> String {
    rights.provider_of(issuer).unwrap_or(issuer).to_owned()
}
