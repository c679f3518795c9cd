//! `POST /auth/logout`: ends this session, or all of the account's.

use axum::extract::State;
use axum::http::StatusCode;
use latchkey_types::LogoutRequest;

use crate::auth::{sign_out, step_up};
use crate::http::error::ApiError;
use crate::http::extract::{Authenticated, Device, OptionalJson};
use crate::state::AppState;

/// Signs out. When this answers, the session's access and refresh tokens are dead. To sign out
/// everywhere takes a recent sign-in.
pub async fn delete_session(
    State(state): State<AppState>,
    Authenticated(claims): Authenticated,
    device: Device,
    OptionalJson(body): OptionalJson<LogoutRequest>,
) -> Result<StatusCode, ApiError> {
    if body.unwrap_or_default().everywhere {
        step_up::check(&claims, state.clock.now())?;
        sign_out::everywhere(&state, &claims, device.into()).await?;
    } else {
        sign_out::one(&state, &claims, device.into()).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
