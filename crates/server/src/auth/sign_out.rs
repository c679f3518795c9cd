//! Signing out: this session, or all of the account's.

use latchkey_core::{Device, EndReason};
use latchkey_store::{EndSession, EndSessions, StoreError};
use latchkey_tokens::AccessClaims;

use crate::state::State;

/// Ends the session of this token; nothing that was issued for it works after this returns.
pub async fn one(state: &State, claims: &AccessClaims, device: Device) -> Result<(), StoreError> {
    let end = EndSession {
        session: claims.sid,
        reason: EndReason::SignedOut,
        device,
        now: state.clock.now(),
    };
    if let Some(ended) = state.store.end_session(end).await? {
        state.deny(ended.user, &[ended.denial]);
    }
    tracing::info!(session = %claims.sid, "signed out");
    Ok(())
}

/// Ends every session of the account.
pub async fn everywhere(
    state: &State,
    claims: &AccessClaims,
    device: Device,
) -> Result<(), StoreError> {
    let end = EndSessions {
        user: claims.sub,
        keep: None,
        reason: EndReason::EndedAll,
        device,
        now: state.clock.now(),
    };
    let denials = state.store.end_sessions_of(end).await?;
    state.deny(claims.sub, &denials);
    tracing::info!(user = %claims.sub, sessions = denials.len(), "signed out everywhere");
    Ok(())
}
