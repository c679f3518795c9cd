//! `POST /auth/logout`: ends this session, or all of the account's.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use latchkey_types::LogoutRequest;

use crate::http::error::ApiError;
use crate::http::extract::{Device, OptionalJson};
use crate::http::state::{Recent, User};
use crate::services::Services;
use crate::use_cases::sessions;
use latchkey_guard::Rejection;

/// Signs out. When this answers, the session's access and refresh tokens are dead. To sign out
/// everywhere takes a recent sign-in.
pub(crate) async fn delete_session(
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
