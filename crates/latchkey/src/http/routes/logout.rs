//! `POST /auth/logout`: ends this session, or all of the account's.

use axum::extract::State;
use axum::http::StatusCode;
use latchkey_types::LogoutRequest;

use crate::accounts::sessions;
use crate::http::error::ApiError;
use crate::http::extract::{Device, MaybeRecent, OptionalJson, Recent};
use crate::state::AppState;

/// Signs out. When this answers, the session's access and refresh tokens are dead. To sign out
/// everywhere takes a recent sign-in.
pub async fn delete_session(
    State(state): State<AppState>,
    caller: MaybeRecent,
    device: Device,
    OptionalJson(body): OptionalJson<LogoutRequest>,
) -> Result<StatusCode, ApiError> {
    if body.unwrap_or_default().everywhere {
        let Recent(claims) = caller.recent()?;
        sessions::end_all(&state, &claims, None, device.into()).await?;
    } else {
        let claims = caller.claims;
        sessions::end(&state, &claims, claims.sid, device.into()).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
