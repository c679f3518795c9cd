//! Lists and ends a user's sessions, at the user's own request.

use core::cmp::Reverse;

use latchkey_core::{Device, EndReason, SessionId};
use latchkey_store::{EndSession, EndSessions, LiveSession, StoreError};
use latchkey_tokens::AccessClaims;

use crate::event::Event;
use crate::services::Services;

/// The user's live sessions: the current one first, then by last use.
pub async fn list(state: &Services, claims: &AccessClaims) -> Result<Vec<LiveSession>, StoreError> {
    let now = state.clock.now();
    let mut live = state.store.live_sessions(claims.sub, now).await?;
    live.sort_by_key(|live| {
        let session = &live.session;
        (
            session.id != claims.sid,
            Reverse(session.rotated_at),
            session.id,
        )
    });
    Ok(live)
}

/// Ends one of the user's sessions, which may be the current one. Once this returns, all its tokens
/// are refused. `false` if the user has no session with this id.
pub async fn end(
    state: &Services,
    claims: &AccessClaims,
    id: SessionId,
    device: Device,
) -> Result<bool, StoreError> {
    let own = id == claims.sid;
    let reason = if own {
        EndReason::SignedOut
    } else {
        EndReason::EndedRemotely
    };
    let end = EndSession {
        session: id,
        owner: Some(claims.sub),
        reason,
        device,
        actor: None,
        note: None,
        now: state.clock.now(),
    };
    match state.store.end_session(end).await? {
        Some(ended) => {
            state.deny(ended.user, &[ended.denial]);
            if ended.was_live {
                state.report(&Event::SessionEnded {
                    user: ended.user,
                    session: id,
                    reason,
                });
            }
        }
        // The record was deleted, so the current session has already ended.
        None if own => {}
        None => return Ok(false),
    }
    tracing::info!(session = %id, by = %claims.sid, "session ended by its user");
    Ok(true)
}

/// Ends all of the user's sessions, except the one to `keep`.
pub async fn end_all(
    state: &Services,
    claims: &AccessClaims,
    keep: Option<SessionId>,
    device: Device,
) -> Result<(), StoreError> {
    let end = EndSessions {
        user: claims.sub,
        keep,
        reason: EndReason::EndedAll,
        device,
        actor: None,
        note: None,
        now: state.clock.now(),
    };
    // A user that does not exist has no sessions to end.
    let ended = state.store.end_sessions_of(end).await?.unwrap_or_default();
    state.deny(claims.sub, &ended.denials);
    state.report(&Event::SessionsEnded {
        user: claims.sub,
        kept: keep,
        reason: EndReason::EndedAll,
    });
    state.count_ended(EndReason::EndedAll, ended.live);
    let (user, by, sessions) = (claims.sub, claims.sid, ended.live);
    tracing::info!(%user, %by, sessions, "sessions ended by their user");
    Ok(())
}
