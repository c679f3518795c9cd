//! `POST /auth/password` and the paths below it, and `POST /auth/sign-up`: local accounts. The
//! endpoints accept only JSON, which a page of another site cannot send without a preflight request.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use latchkey_types::{
    PasswordChangeRequest, PasswordRequest, PasswordResetRequest, ResetLinkRequest, SignUpRequest,
    TokenResponse, paths,
};

use super::token::token_response;
use crate::http::error::ApiError;
use crate::http::extract::{Device, OptionalJson, Proven};
use crate::http::state::{AppState, User};
use crate::services::Services;
use crate::services::local::Local;
use crate::use_cases::local::sign_up::NewAccount;
use crate::use_cases::local::{Client, passwords, sign_in, sign_up};
use crate::use_cases::request_password_link;

/// The routes of local accounts. A server without local accounts does not have them.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route(paths::PASSWORD, post(create_session))
        .route(paths::PASSWORD_CHANGE, post(change_password))
        .route(paths::PASSWORD_RESET, post(reset_password))
        .route(paths::PASSWORD_RESET_REQUEST, post(request_reset))
        .route(paths::SIGN_UP, post(create_account))
}

/// Signs in with a username and a password.
async fn create_session(
    State(state): State<Arc<Services>>,
    Proven(proven): Proven,
    device: Device,
    OptionalJson(body): OptionalJson<PasswordRequest>,
) -> Result<Json<TokenResponse>, ApiError> {
    let body = required(body)?;
    let client = client(device, proven);
    let password = body.password.into();
    let tokens =
        sign_in::sign_in(&state, enabled(&state)?, &body.username, password, client).await?;
    Ok(Json(token_response(tokens, None)))
}

/// Creates an account and signs in.
async fn create_account(
    State(state): State<Arc<Services>>,
    Proven(proven): Proven,
    device: Device,
    OptionalJson(body): OptionalJson<SignUpRequest>,
) -> Result<Json<TokenResponse>, ApiError> {
    let body = required(body)?;
    let new = NewAccount {
        username: &body.username,
        password: body.password.into(),
        name: body.name.as_deref(),
        email: body.email.as_deref(),
        invitation: body.invitation.as_deref(),
    };
    let client = client(device, proven);
    let tokens = sign_up::sign_up(&state, enabled(&state)?, new, client).await?;
    Ok(Json(token_response(tokens, None)))
}

/// Changes the password of the signed-in user.
async fn change_password(
    State(state): State<Arc<Services>>,
    user: User,
    device: Device,
    OptionalJson(body): OptionalJson<PasswordChangeRequest>,
) -> Result<StatusCode, ApiError> {
    let body = required(body)?;
    let session = (user.id(), user.session_id());
    let passwords = (body.current_password.into(), body.new_password.into());
    let client = client(device, None);
    passwords::change(&state, enabled(&state)?, session, passwords, client).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets a new password with a one-time link.
async fn reset_password(
    State(state): State<Arc<Services>>,
    device: Device,
    OptionalJson(body): OptionalJson<PasswordResetRequest>,
) -> Result<StatusCode, ApiError> {
    let body = required(body)?;
    let client = client(device, None);
    let password = body.new_password.into();
    passwords::reset(&state, enabled(&state)?, &body.token, password, client).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Requests a link to set a new password. The response is the same whether the account exists or
/// not.
async fn request_reset(
    State(state): State<Arc<Services>>,
    device: Device,
    OptionalJson(body): OptionalJson<ResetLinkRequest>,
) -> Result<StatusCode, ApiError> {
    let body = required(body)?;
    let sender = (device.address, device.into());
    request_password_link::request(&state, enabled(&state)?, body.username, sender)?;
    Ok(StatusCode::ACCEPTED)
}

fn client(device: Device, proven: Option<latchkey_core::session::Thumbprint>) -> Client {
    Client {
        address: device.address,
        device: device.into(),
        proven,
    }
}

fn enabled(state: &Services) -> Result<&Local, ApiError> {
    state.local.as_ref().ok_or(ApiError::NotFound)
}

fn required<T>(body: Option<T>) -> Result<T, ApiError> {
    body.ok_or_else(|| {
        ApiError::InvalidRequest("the request has no body; send a JSON object".to_owned())
    })
}
