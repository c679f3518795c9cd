//! `/api/sessions`: a person's devices.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use latchkey_core::SessionId;
use latchkey_store::LiveSession;
use latchkey_types::{SessionInfo, SessionList};

use crate::accounts::{sessions, user_agent};
use crate::http::error::ApiError;
use crate::http::extract::{Authenticated, Device, MaybeRecent, Recent};
use crate::state::AppState;

/// `GET`: every live session of the account.
pub async fn list_sessions(
    State(state): State<AppState>,
    Authenticated(claims): Authenticated,
) -> Result<Json<SessionList>, ApiError> {
    let live = sessions::list(&state, &claims).await?;
    let sessions = live.into_iter().map(|live| wire(live, claims.sid));
    Ok(Json(SessionList {
        sessions: sessions.collect(),
    }))
}

/// `DELETE` with an id: ends that one. Another session than one's own takes a recent sign-in.
pub async fn delete_session(
    State(state): State<AppState>,
    caller: MaybeRecent,
    device: Device,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id = id.parse().map_err(|_| ApiError::UnknownSession)?;
    let claims = if id == caller.claims.sid {
        caller.claims
    } else {
        // Otherwise the holder of one token could end all other sessions one by one.
        let Recent(claims) = caller.recent()?;
        claims
    };
    if sessions::end(&state, &claims, id, device.into()).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::UnknownSession)
    }
}

/// `DELETE`: ends all others.
pub async fn delete_other_sessions(
    State(state): State<AppState>,
    Recent(claims): Recent,
    device: Device,
) -> Result<StatusCode, ApiError> {
    sessions::end_all(&state, &claims, Some(claims.sid), device.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn wire(live: LiveSession, current: SessionId) -> SessionInfo {
    let LiveSession { session, origin } = live;
    let program = user_agent::read(origin.user_agent.as_deref());
    SessionInfo {
        id: session.id.to_string(),
        current: session.id == current,
        browser: program.browser,
        system: program.system,
        address: origin.address,
        provider: origin.provider,
        opened_at: session.opened_at.as_secs(),
        last_seen: session.rotated_at.as_secs(),
        expires_at: session.idle_end.as_secs(),
        bound: session.binding.is_some(),
    }
}
