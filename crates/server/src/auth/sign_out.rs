//! Signing out: this session, or all of the account's.

use latchkey_core::{EndReason, SessionId, UserId};
use latchkey_store::{EndSession, StoreError};

use crate::state::State;

/// Ends one session; nothing that was issued for it works after this returns.
pub async fn one(state: &State, session: SessionId) -> Result<(), StoreError> {
    let now = state.clock.now();
    let end = EndSession {
        session,
        reason: EndReason::SignedOut,
        now,
    };
    if let Some(denial) = state.store.end_session(end).await? {
        state.denylist.insert(&denial);
    }
    tracing::info!(%session, "signed out");
    Ok(())
}

/// Ends every session of an account.
pub async fn everywhere(state: &State, user: UserId) -> Result<(), StoreError> {
    let now = state.clock.now();
    let denials = state
        .store
        .end_sessions_of(user, EndReason::SignedOut, now)
        .await?;
    for denial in &denials {
        state.denylist.insert(denial);
    }
    tracing::info!(%user, sessions = denials.len(), "signed out everywhere");
    Ok(())
}
