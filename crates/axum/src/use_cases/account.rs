//! The user's own account: exports its data, and deletes it.

use core::cmp::Reverse;

use latchkey_core::audit::KEPT_EVENTS;
use latchkey_core::{
    AuditEvent, AuditRecord, EndReason, Session, SessionOrigin, Timestamp, User, UserId,
};
use latchkey_store::{AuditQuery, DeleteOutcome, StoreError};
use latchkey_tokens::AccessClaims;

use crate::event::Event;
use crate::services::Services;
use crate::services::exports::{ExportInProgress, ExportPermit};

/// How many sessions or records are read at once.
const PAGE_SIZE: usize = 500;
/// How many sessions, and how many audit records, an export contains at most.
const MAX_RECORDS: usize = 10_000;

/// The exported data of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// When the data was read.
    pub at: Timestamp,
    /// The user.
    pub user: User,
    /// The number of the identity that the current session was opened with.
    pub current_identity: Option<u32>,
    /// The stored sessions, the latest first.
    pub sessions: Vec<(Session, SessionOrigin)>,
    /// The security events, newest first.
    pub events: Vec<AuditEvent>,
    /// The audit records about the user, newest first.
    pub records: Vec<AuditRecord>,
}

/// Why an account was not exported or deleted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The account was deleted by another request.
    #[error("this account was deleted")]
    Deleted,
    /// The current session had already ended, but its denial had not reached this server yet.
    #[error("this session has ended; sign in again")]
    SessionEnded,
    /// The user is banned: deleting the account would evade the ban.
    #[error("this account is banned; contact the administrator of this server")]
    Banned,
    /// An export of this user is in progress.
    #[error(transparent)]
    Exports(#[from] ExportInProgress),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads the account, stored sessions, security events and audit records of the user of these
/// claims. Waits while too many other exports are in progress. The caller must hold the permit as
/// long as it holds the data.
pub async fn export(
    state: &Services,
    claims: &AccessClaims,
) -> Result<(Export, ExportPermit), AccountError> {
    let permit = state.exports.begin(claims.sub).await?;
    let now = state.clock.now();
    let user = state.store.user(claims.sub).await?;
    let user = user.ok_or(AccountError::Deleted)?;
    let sessions = sessions(state, user.id).await?;
    let current = sessions.iter().find(|(it, _)| it.id == claims.sid);
    let current_identity = current.map(|(session, _)| session.identity);
    let events = state.store.audit_events(user.id, None, KEPT_EVENTS, now);
    let events = events.await?.into_iter().map(|(_, event)| event).collect();
    // Writes the refusals that are still in memory: some may be about this user.
    state.audit.flush(&*state.store).await?;
    let records = records(state, user.id).await?;
    tracing::info!(user = %user.id, by = %claims.sid, "account exported by its user");
    let export = Export {
        at: now,
        user,
        current_identity,
        sessions,
        events,
        records,
    };
    Ok((export, permit))
}

/// The stored sessions of a user, the latest first.
async fn sessions(
    state: &Services,
    user: UserId,
) -> Result<Vec<(Session, SessionOrigin)>, StoreError> {
    let mut sessions = Vec::new();
    let mut after = None;
    loop {
        let page = state.store.stored_sessions(user, after, PAGE_SIZE).await?;
        sessions.extend(page.sessions);
        after = page.next;
        if after.is_none() || sessions.len() >= MAX_RECORDS {
            sessions.sort_by_key(|(session, _)| (Reverse(session.opened_at), session.id));
            sessions.truncate(MAX_RECORDS);
            return Ok(sessions);
        }
    }
}

/// The latest audit records about a user.
async fn records(state: &Services, user: UserId) -> Result<Vec<AuditRecord>, StoreError> {
    let mut records = Vec::new();
    let mut query = AuditQuery {
        user: Some(user),
        limit: PAGE_SIZE,
        ..AuditQuery::default()
    };
    loop {
        let page = state.store.audit_records(query.clone()).await?;
        records.extend(page.records.into_iter().map(|(_, record)| record));
        query.before = page.next;
        if query.before.is_none() || records.len() >= MAX_RECORDS {
            records.truncate(MAX_RECORDS);
            return Ok(records);
        }
    }
}

/// Deletes the account of the user of these claims. Once this returns, all tokens of the user are
/// refused, and the identities can be used for a new account.
pub async fn delete(state: &Services, claims: &AccessClaims) -> Result<(), AccountError> {
    let (user, now) = (claims.sub, state.clock.now());
    let ended = match state.store.delete_user(user, claims.sid, now).await? {
        DeleteOutcome::Deleted(ended) => ended,
        DeleteOutcome::Banned => return Err(AccountError::Banned),
        DeleteOutcome::SessionEnded => return Err(AccountError::SessionEnded),
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
