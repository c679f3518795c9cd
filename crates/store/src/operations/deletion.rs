//! Deleting a user with all records about them.
//!
//! The first change removes the user and the identities and denies all access tokens. From then on
//! no session of the user can be opened or refreshed, because both require the user's record. The
//! records of sessions and events are removed afterwards, in batches. The audit log keeps its
//! records, stripped of everything that identifies the user except the id. [`DELETIONS`] lists the
//! user until nothing is left, and for at least five minutes, because servers write some audit
//! records late.

use core::time::Duration;

use latchkey_core::{
    AuditKind, AuditRecord, Denial, Denied, EndReason, SessionId, Timestamp, User, UserId,
};

use super::session_record::{by_opened, is_live_of, retained_until};
use super::{audit, audit_log, denials, ends, expiry, identities, local_accounts, user_index};
use crate::engine::Engine;
use crate::error::StoreError;
use crate::request::{AllEnded, DeleteOutcome, SESSION_RETENTION};
use crate::table::{
    AUDIT_EVENTS, DELETIONS, DENIALS, ENDED_SESSIONS_OF_USER, EVERYONE, SESSION_ORIGINS, SESSIONS,
    SESSIONS_BY_OPENED, SESSIONS_OF_USER, USERS,
};
use crate::transaction::Tx;

/// How long after the beginning of a deletion an audit record about the user can still be written.
const LATE_RECORDS: Duration = Duration::from_mins(5);
/// The maximum number of entries that one change lists from one table or index.
const BATCH_SIZE: usize = 100;

/// Deletes a user, and tries to remove the records about them.
pub(super) async fn delete_user(
    engine: &impl Engine,
    id: UserId,
    session: SessionId,
    now: Timestamp,
) -> Result<DeleteOutcome, StoreError> {
    let live = ends::count_live(engine, id, None, now).await?;
    let begun = engine.write((id, session, now), |tx, (id, session, now)| {
        Box::pin(begin(tx, *id, *session, *now))
    });
    let denial = match begun.await? {
        Begun::Denied(denial) => *denial,
        Begun::Banned => return Ok(DeleteOutcome::Banned),
        Begun::SessionEnded => return Ok(DeleteOutcome::SessionEnded),
        Begun::UnknownUser => return Ok(DeleteOutcome::UnknownUser),
    };
    let mut denials = vec![denial];
    // The user is deleted. If removing the records fails, `finish_all` continues.
    let _ = finish(engine, id, now, &mut denials).await;
    Ok(DeleteOutcome::Deleted(AllEnded { denials, live }))
}

/// Removes the remaining records of deleted users, and returns how many deletions became complete.
/// Every denial that it writes is also added to `denials`.
pub(super) async fn finish_all(
    engine: &impl Engine,
    limit: usize,
    now: Timestamp,
    denials: &mut Vec<Denial>,
) -> Result<usize, StoreError> {
    let begun = engine.read(limit, |tx, limit| {
        Box::pin(tx.peek_range(DELETIONS.all().limit(*limit)))
    });
    let mut complete = 0;
    for (id, at) in begun.await? {
        finish(engine, id, at, denials).await?;
        if now.since(at) >= LATE_RECORDS {
            let forget = engine.write(id, |tx, id| {
                Box::pin(async move {
                    tx.clear(DELETIONS, id);
                    Ok(())
                })
            });
            forget.await?;
            complete += 1;
        }
    }
    Ok(complete)
}

/// The result of the first change.
enum Begun {
    Denied(Box<Denial>),
    Banned,
    SessionEnded,
    UnknownUser,
}

/// Removes the user if `session` is live. This must be checked here: the server that accepted the
/// access token may not have read the denial of the session yet.
async fn begin(
    tx: &mut Tx<'_>,
    id: UserId,
    session: SessionId,
    now: Timestamp,
) -> Result<Begun, StoreError> {
    tx.prefetch(vec![
        USERS.at(&id),
        SESSIONS.at(&session),
        EVERYONE.at(&()),
        DENIALS.at(&Denied::User(id)),
    ])
    .await?;
    let is_live = is_live_of(tx, id, session, now).await?;
    let Some(user) = tx.get(USERS, &id).await? else {
        return Ok(Begun::UnknownUser);
    };
    if user.is_banned(now) {
        return Ok(Begun::Banned);
    }
    if !is_live {
        return Ok(Begun::SessionEnded);
    }
    let denial = remove_user(tx, user, now).await?;
    let record = AuditRecord {
        user: Some(id),
        ..AuditRecord::new(now, AuditKind::AccountDeleted)
    };
    audit_log::record(tx, &record)?;
    Ok(Begun::Denied(Box::new(denial)))
}

/// Removes a user and their identities, ends the sessions by a cutoff and denies their tokens.
/// [`finish_all`] removes the rest.
pub(super) async fn remove_user(
    tx: &mut Tx<'_>,
    mut user: User,
    at: Timestamp,
) -> Result<Denial, StoreError> {
    let denial = ends::cut_off(tx, &mut user, EndReason::AccountDeleted, None, at).await?;
    user_index::clear_entries(tx, &user);
    local_accounts::remove(tx, &mut user).await?;
    identities::release(tx, user.id, &user.all_identities()).await?;
    tx.clear(USERS, &user.id);
    tx.put(DELETIONS, &user.id, &at)?;
    Ok(denial)
}

/// Removes the records of a deleted user, batch by batch. Adds to `denials` those of sessions whose
/// access tokens outlive the denial of the user.
async fn finish(
    engine: &impl Engine,
    id: UserId,
    at: Timestamp,
    denials: &mut Vec<Denial>,
) -> Result<(), StoreError> {
    loop {
        let removed = engine.write((id, at), |tx, (id, at)| {
            Box::pin(remove_sessions(tx, *id, *at))
        });
        let (count, longer) = removed.await?;
        denials.extend(longer);
        if count == 0 {
            break;
        }
    }
    // Only after the sessions: without a user or a session to read, no operation adds an event.
    loop {
        let removed = engine.write(id, |tx, id| Box::pin(remove_events(tx, *id)));
        if removed.await? == 0 {
            break;
        }
    }
    let mut after = None;
    loop {
        let stripped = engine.write((id, after), |tx, (id, after)| {
            Box::pin(audit_log::strip(tx, *id, *after, BATCH_SIZE))
        });
        after = stripped.await?;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Removes a batch of the user's sessions. Returns how many index entries it removed, and the
/// denials of sessions whose access tokens outlive the denial of the user.
async fn remove_sessions(
    tx: &mut Tx<'_>,
    user: UserId,
    at: Timestamp,
) -> Result<(usize, Vec<Denial>), StoreError> {
    let live = SESSIONS_OF_USER.under(&user).limit(BATCH_SIZE);
    let ended = ENDED_SESSIONS_OF_USER.under(&user).limit(BATCH_SIZE);
    tx.prefetch(vec![live.read(), ended.read()]).await?;
    let mut entries = tx.peek_keys(live).await?;
    entries.extend(tx.peek_keys(ended).await?);
    let ids: Vec<_> = entries.iter().map(|(_, id)| *id).collect();
    let mut longer = Vec::new();
    for (entry, session) in entries.iter().zip(tx.get_many(SESSIONS, &ids).await?) {
        let id = entry.1;
        if let Some(session) = session {
            let denial = session.denial(at, EndReason::AccountDeleted.into());
            if session.status.is_live() && denial.outlives_a_cutoff() {
                denials::put(tx, &denial).await?;
                longer.push(denial);
            }
            tx.clear(SESSIONS_BY_OPENED, &by_opened(&session));
            let planned = session.absolute_end.plus(SESSION_RETENTION);
            expiry::unschedule(tx, SESSIONS, &id, planned);
            expiry::unschedule(tx, SESSIONS, &id, retained_until(&session));
        }
        tx.clear(SESSIONS, &id);
        tx.clear(SESSION_ORIGINS, &id);
        tx.clear(SESSIONS_OF_USER, entry);
        tx.clear(ENDED_SESSIONS_OF_USER, entry);
    }
    Ok((entries.len(), longer))
}

/// Removes a batch of the user's events and returns how many.
async fn remove_events(tx: &mut Tx<'_>, user: UserId) -> Result<usize, StoreError> {
    let events = AUDIT_EVENTS.under(&user).limit(BATCH_SIZE);
    let events = tx.peek_keys(events).await?;
    for key in &events {
        audit::remove(tx, key);
    }
    Ok(events.len())
}

#[cfg(test)]
mod tests;
