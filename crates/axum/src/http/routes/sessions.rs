//! `/api/sessions`: the user's sessions, shown as devices.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use latchkey_core::SessionId;
use latchkey_guard::Rejection;
use latchkey_store::LiveSession;
use latchkey_types::{SessionInfo, SessionList};

use crate::http::error::ApiError;
use crate::http::extract::Device;
use crate::http::state::{Recent, User};
use crate::services::Services;
use crate::services::user_agent;
use crate::use_cases::sessions;

/// `GET`: lists the user's live sessions.
pub(crate) async fn list_sessions(
    State(state): State<Arc<Services>>,
    user: User,
) -> Result<Json<SessionList>, ApiError> {
    let live = sessions::list(&state, user.claims()).await?;
    let sessions = live.into_iter().map(|live| wire(live, user.session_id()));
    Ok(Json(SessionList {
        sessions: sessions.collect(),
    }))
}

/// `DELETE` with an id: ends that session. Ending a session other than the current one requires a
/// recent sign-in.
pub(crate) async fn delete_session(
    State(state): State<Arc<Services>>,
    user: User,
    recent: Result<Recent, Rejection>,
    device: Device,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id = id.parse().map_err(|_| ApiError::UnknownSession)?;
    // Otherwise a stolen token could end all other sessions one by one.
    if id != user.session_id() {
        recent?;
    }
    if sessions::end(&state, user.claims(), id, device.into()).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::UnknownSession)
    }
}

/// `DELETE`: ends all sessions but the current one.
pub(crate) async fn delete_other_sessions(
    State(state): State<Arc<Services>>,
    user: Recent,
    device: Device,
) -> Result<StatusCode, ApiError> {
    sessions::end_all(
        &state,
        user.claims(),
        Some(user.session_id()),
        device.into(),
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn wire(live: LiveSession, current: SessionId) -> SessionInfo {
    let LiveSession { session, origin } = live;
    let device = user_agent::read(origin.user_agent.as_deref());
    SessionInfo {
        id: session.id.to_string(),
        current: session.id == current,
        browser: device.browser,
        system: device.system,
        address: origin.address,
        provider: origin.provider,
        opened_at: session.opened_at.as_secs(),
        last_seen: session.rotated_at.as_secs(),
        expires_at: session.idle_end.as_secs(),
        bound: session.binding.is_some(),
    }
}
