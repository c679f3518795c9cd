//! The user's own account: exports its data, and deletes it.

use latchkey_core::audit::KEPT_EVENTS;
use latchkey_core::{AuditEvent, EndReason, Timestamp, User};
use latchkey_store::{DeleteOutcome, LiveSession, StoreError};
use latchkey_tokens::AccessClaims;

use crate::event::Event;
use crate::services::Services;

/// The exported data of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// When the data was read.
    pub at: Timestamp,
    /// The user.
    pub user: User,
    /// The number of the identity that the current session was opened with.
    pub current_identity: Option<u32>,
    /// The live sessions.
    pub sessions: Vec<LiveSession>,
    /// The security events, newest first.
    pub events: Vec<AuditEvent>,
}

/// Why an account was not exported or deleted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The account was deleted by another request.
    #[error("this account was deleted")]
    Deleted,
    /// The user is banned: deleting the account would evade the ban.
    #[error("this account is banned; contact the administrator of this server")]
    Banned,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads the account, live sessions and security events of the user of these claims.
pub async fn export(state: &Services, claims: &AccessClaims) -> Result<Export, AccountError> {
    let now = state.clock.now();
    let user = state.store.user(claims.sub).await?;
    let user = user.ok_or(AccountError::Deleted)?;
    let sessions = state.store.live_sessions(user.id, now).await?;
    let current = sessions.iter().find(|it| it.session.id == claims.sid);
    let current_identity = current.map(|it| it.session.identity);
    let events = state.store.audit_events(user.id, None, KEPT_EVENTS, now);
    let events = events.await?.into_iter().map(|(_, event)| event).collect();
    tracing::info!(user = %user.id, by = %claims.sid, "account exported by its user");
    Ok(Export {
        at: now,
        user,
        current_identity,
        sessions,
        events,
    })
}

/// Deletes the account of the user of these claims. Once this returns, all tokens of the user are
/// refused, and the identities can sign in to a new account only.
pub async fn delete(state: &Services, claims: &AccessClaims) -> Result<(), AccountError> {
    let user = claims.sub;
    let ended = match state.store.delete_user(user, state.clock.now()).await? {
        DeleteOutcome::Deleted(ended) => ended,
        DeleteOutcome::Banned => return Err(AccountError::Banned),
        DeleteOutcome::UnknownUser => return Err(AccountError::Deleted),
    };
    state.deny(user, &ended.denials);
    state.count_ended(EndReason::AccountDeleted, ended.live);
    state.report(&Event::SessionsEnded {
        user,
        kept: None,
        reason: EndReason::AccountDeleted,
    });
    state.report(&Event::UserDeleted { user });
    let sessions = ended.live;
    tracing::info!(%user, sessions, "account deleted by its user");
    Ok(())
}
