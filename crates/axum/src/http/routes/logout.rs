//! `POST /auth/logout`: ends the current session or all sessions of the user.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use latchkey_guard::Rejection;
use latchkey_types::LogoutRequest;

use crate::http::error::ApiError;
use crate::http::extract::{Device, OptionalJson};
use crate::http::state::{Recent, User};
use crate::services::Services;
use crate::use_cases::sessions;

/// Signs out. Once the response is sent, the session's access and refresh tokens are refused.
/// Signing out everywhere requires a recent sign-in.
pub(crate) async fn logout(
    State(state): State<Arc<Services>>,
    user: User,
    recent: Result<Recent, Rejection>,
    device: Device,
    OptionalJson(body): OptionalJson<LogoutRequest>,
) -> Result<StatusCode, ApiError> {
    if body.unwrap_or_default().everywhere {
        recent?;
        sessions::end_all(&state, user.claims(), None, device.into()).await?;
    } else {
        sessions::end(&state, user.claims(), user.session_id(), device.into()).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
