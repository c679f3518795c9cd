//! `POST /auth/logout`: ends this session, or all of the account's.

use axum::extract::State;
use axum::http::StatusCode;
use latchkey_types::LogoutRequest;

use crate::auth::sign_out;
use crate::http::error::ApiError;
use crate::http::extract::{Authenticated, OptionalJson};
use crate::state::AppState;

/// Signs out. When this answers, the session's access and refresh tokens are dead.
pub async fn delete_session(
    State(state): State<AppState>,
    Authenticated(claims): Authenticated,
    OptionalJson(body): OptionalJson<LogoutRequest>,
) -> Result<StatusCode, ApiError> {
    if body.unwrap_or_default().everywhere {
        sign_out::everywhere(&state, claims.sub).await?;
    } else {
        sign_out::one(&state, claims.sid).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
