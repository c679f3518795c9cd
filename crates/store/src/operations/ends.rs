//! Ending many sessions at once, or sessions in excess of the maximum.
//!
//! The first change writes a cutoff. It touches few records, and the user cannot delay it: no
//! request of the user adds a condition to it or makes it conflict again and again. Opening a session
//! and refreshing one both read the cutoff, so it takes effect immediately ([`Session::under`]). The
//! records of the sessions are updated afterwards, in batches, when no concurrent refresh can
//! succeed any more.

use latchkey_core::{
    AuditEvent, AuditRecord, Cutoff, Cutoffs, Denial, Denied, Device, EndReason, Requester,
    ServerAct, Session, SessionId, SessionStatus, Timestamp, User, UserId,
};

use super::session_record::{event, ids_of, is_usable, peek_all, store_end, write_end};
use super::{audit, audit_log, denials, user_index};
use crate::engine::Engine;
use crate::error::StoreError;
use crate::request::{EndSessions, Ended};
use crate::table::{DENIALS, EVERYONE, SESSIONS, SESSIONS_OF_USER, Shard, USERS};
use crate::transaction::Tx;

/// How many sessions are updated in one change.
const BATCH_SIZE: usize = 100;

/// Ends all sessions of this user except `keep`, given by its id and the cutoffs that were in force
/// when it was opened.
pub(super) async fn cut_off(
    tx: &mut Tx<'_>,
    user: &mut User,
    reason: EndReason,
    keep: Option<(SessionId, Cutoffs)>,
    now: Timestamp,
) -> Result<Denial, StoreError> {
    let cutoff = user.cut_off(now, reason, keep);
    let denial = cutoff.denial(Denied::User(user.id));
    user_index::put(tx, user).await?;
    denials::put(tx, &denial).await?;
    Ok(denial)
}

/// Like [`cut_off`], but given the user's id. If a session was live, adds an audit record and an
/// event in the user's history; if an operator acts, adds the audit record in any case. `None` if the
/// user does not exist.
pub(super) async fn end_all(
    tx: &mut Tx<'_>,
    end: &EndSessions,
    was_live: bool,
) -> Result<Option<Denial>, StoreError> {
    let mut reads = vec![
        USERS.at(&end.user),
        DENIALS.at(&Denied::User(end.user)),
        audit::events_at(end.user, end.now),
    ];
    reads.extend(end.keep.map(|id| SESSIONS.at(&id)));
    tx.prefetch(reads).await?;
    let Some(mut user) = tx.get(USERS, &end.user).await? else {
        return Ok(None);
    };
    let keep = match &end.keep {
        // A session's cutoffs never change, so a peek is enough, and its refreshes cause no conflict.
        Some(id) => tx.peek(SESSIONS, id).await?,
        None => None,
    };
    let keep = keep.filter(|session| session.user == end.user);
    let keep = keep.map(|session| (session.id, session.cutoffs));
    let denial = cut_off(tx, &mut user, end.reason, keep, end.now).await?;
    if was_live || end.actor.is_some() {
        let event = AuditEvent {
            at: end.now,
            kind: end.reason.into(),
            user: end.user,
            session: None,
            device: end.device.clone(),
            actor: end.actor,
            other_address: None,
        };
        let detail = end.note.as_ref();
        let detail = detail.map(|note| format!("user {}: {note}", end.user));
        audit::record_with(tx, &event, detail)?;
        if was_live {
            audit::add_to_history(tx, &event).await?;
        }
    }
    Ok(Some(denial))
}

/// Ends all sessions of all users on behalf of the operator.
pub(super) async fn end_everyone(
    tx: &mut Tx<'_>,
    requester: &Requester,
    now: Timestamp,
) -> Result<Denial, StoreError> {
    tx.prefetch(vec![EVERYONE.at(&()), DENIALS.at(&Denied::Everyone)])
        .await?;
    let known = tx.get(EVERYONE, &()).await?;
    let next = Cutoff::next(known.as_ref(), now, EndReason::EndedByOperator, None);
    tx.put(EVERYONE, &(), &next)?;
    let denial = next.denial(Denied::Everyone);
    denials::put(tx, &denial).await?;
    let record = AuditRecord {
        device: requester.device.clone(),
        actor: requester.actor,
        ..AuditRecord::new(now, ServerAct::EveryoneEnded)
    };
    audit_log::record(tx, &record)?;
    Ok(denial)
}

/// The number of usable sessions of a user, not counting `keep`.
pub(super) async fn count_live(
    engine: &impl Engine,
    user: UserId,
    keep: Option<SessionId>,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let sessions = engine.read(user, |tx, user| {
        Box::pin(async move {
            let ids = ids_of(tx, *user).await?;
            peek_all(tx, *user, &ids).await
        })
    });
    let sessions = sessions.await?;
    let counts = |it: &&Session| Some(it.id) != keep && is_usable(it, now);
    Ok(sessions.iter().filter(counts).count())
}

/// Updates the records of a user's sessions after a cutoff. The cutoff has already ended them, so
/// a failure here leaves no session usable. Returns each session's denial that expires
/// later than the cutoff's own denial.
pub(super) async fn record_ends_of_user(engine: &impl Engine, user: UserId) -> Vec<Denial> {
    let mut longer = Vec::new();
    let ids = engine.read(user, |tx, user| Box::pin(ids_of(tx, *user)));
    let Ok(ids) = ids.await else {
        return longer;
    };
    for batch in ids.chunks(BATCH_SIZE) {
        let batch = batch.to_vec();
        let written = engine.write((batch, user), |tx, (batch, user)| {
            Box::pin(record_ends(tx, batch, Some(*user)))
        });
        let Ok(ended) = written.await else {
            return longer;
        };
        let denials = ended.into_iter().map(|ended| ended.denial);
        longer.extend(denials.filter(Denial::outlives_a_cutoff));
    }
    longer
}

/// Finds, in one shard, the sessions that cutoffs have ended, and updates their records in batches.
/// Returns these sessions.
pub(super) async fn record_ends_in_shard(
    engine: &impl Engine,
    shard: u8,
) -> Result<Vec<Ended>, StoreError> {
    let mut ended = Vec::new();
    let mut after = None;
    loop {
        let page = engine.read((shard, after), |tx, (shard, after)| {
            let after = after.map(|id| SESSIONS.key(&id));
            let page = SESSIONS
                .under(&Shard(*shard))
                .after(after)
                .limit(BATCH_SIZE);
            Box::pin(tx.peek_range(page))
        });
        let page = page.await?;
        let last = page.last().map(|(id, _)| *id);
        let is_last = page.len() < BATCH_SIZE;
        let live = page.into_iter().filter(|(_, it)| it.status.is_live());
        let live: Vec<_> = live.map(|(id, _)| id).collect();
        if !live.is_empty() {
            let written = engine.write(live, |tx, ids| Box::pin(record_ends(tx, ids, None)));
            ended.extend(written.await?);
        }
        if is_last {
            return Ok(ended);
        }
        after = last;
    }
}

/// Updates the record of each of these sessions that a cutoff has ended, and returns the updated
/// sessions. If it was the cutoff of all users, also records a security event for each session that
/// was still usable. Live sessions do not become conditions, because they may be refreshed
/// concurrently.
async fn record_ends(
    tx: &mut Tx<'_>,
    ids: &[SessionId],
    user: Option<UserId>,
) -> Result<Vec<Ended>, StoreError> {
    let mut reads: Vec<_> = ids.iter().map(|id| SESSIONS.at(id)).collect();
    reads.push(EVERYONE.at(&()));
    reads.extend(user.map(|id| USERS.at(&id)));
    tx.prefetch(reads).await?;
    let everyone = tx.peek(EVERYONE, &()).await?;
    let sessions = tx.peek_many(SESSIONS, ids).await?.into_iter().flatten();
    let live: Vec<_> = sessions.filter(|it| it.status.is_live()).collect();
    let mut reads: Vec<_> = live.iter().map(|it| USERS.at(&it.user)).collect();
    if user.is_none() {
        let at = everyone.map(|everyone| everyone.at).unwrap_or_default();
        reads.extend(live.iter().map(|it| audit::events_at(it.user, at)));
    }
    tx.prefetch(reads).await?;
    let mut all = Vec::new();
    for session in live {
        let of_user = tx.peek(USERS, &session.user).await?;
        let of_user = of_user.and_then(|user| user.cutoff);
        let ended = session.under(of_user.as_ref(), everyone.as_ref());
        let SessionStatus::Ended { at, reason } = ended.status else {
            continue;
        };
        // The update must be based on the current record, which therefore becomes a condition.
        let Some(session) = tx.get(SESSIONS, &session.id).await? else {
            continue;
        };
        let denial = ended.denial(at, reason.into());
        write_end(tx, &ended)?;
        if denial.outlives_a_cutoff() {
            denials::put(tx, &denial).await?;
        }
        // If the user's own cutoff ended the session, the session was counted at that time.
        let by_user = !session.under(of_user.as_ref(), None).status.is_live();
        let was_live = is_usable(&session, at) && !by_user;
        if was_live {
            let event = event(&session, reason.into(), Device::default(), at);
            audit::add(tx, &event).await?;
        }
        all.push(Ended {
            user: session.user,
            denial,
            was_live,
        });
    }
    Ok(all)
}

/// Ends sessions in excess of the user's maximum, `room`.
pub(super) async fn make_room(
    engine: &impl Engine,
    fresh: &Session,
    room: usize,
    now: Timestamp,
) -> Result<Vec<Ended>, StoreError> {
    let ids = engine.read(fresh.user, |tx, user| Box::pin(ids_of(tx, *user)));
    let ids = ids.await?;
    if ids.len() <= room {
        return Ok(Vec::new());
    }
    let arguments = (ids, fresh.clone(), room, now);
    engine
        .write(arguments, |tx, (ids, fresh, room, now)| {
            Box::pin(displace(tx, ids, fresh, *room, *now))
        })
        .await
}

/// Ends as many of these sessions of one user as needed to leave no more than `room`: first those
/// that can no longer be used, then those that were used longest ago. `fresh` and sessions opened
/// after it are not ended.
async fn displace(
    tx: &mut Tx<'_>,
    ids: &[SessionId],
    fresh: &Session,
    room: usize,
    now: Timestamp,
) -> Result<Vec<Ended>, StoreError> {
    const REASON: EndReason = EndReason::Displaced;
    let mut sessions = peek_all(tx, fresh.user, ids).await?;
    let excess = sessions.len().saturating_sub(room);
    // Of two concurrent sign-ins at most one ends the other's session.
    let age = |it: &Session| (it.opened_at, it.id);
    sessions.retain(|session| age(session) < age(fresh));
    sessions.sort_by_key(|it| (is_usable(it, now), it.rotated_at, it.opened_at));
    sessions.truncate(excess.min(BATCH_SIZE));

    let denials = sessions
        .iter()
        .map(|it| DENIALS.at(&Denied::Session(it.id)));
    let mut reads: Vec<_> = denials.collect();
    reads.push(audit::events_at(fresh.user, now));
    tx.prefetch(reads).await?;
    // Sessions that a cutoff has already ended are not displaced, but their records are updated.
    let over = sessions.iter().filter(|it| !it.status.is_live());
    let over: Vec<_> = over.map(|it| it.id).collect();
    let mut all = record_ends(tx, &over, Some(fresh.user)).await?;
    all.retain(|ended| ended.denial.outlives_a_cutoff());
    for ended in &mut all {
        ended.was_live = false;
    }
    for current in sessions {
        let Some(session) = tx.get(SESSIONS, &current.id).await? else {
            continue;
        };
        if !session.status.is_live() {
            // The record was updated above, or an earlier version of Latchkey ended the session and
            // did not remove the index entry.
            tx.clear(SESSIONS_OF_USER, &(session.user, session.id));
            continue;
        }
        // The removal of the identity was recorded, but the denial may be missing.
        if let SessionStatus::Ended { reason, .. } = current.status {
            all.push(Ended {
                user: session.user,
                denial: store_end(tx, &session.ended(now, reason), now, reason).await?,
                was_live: false,
            });
            continue;
        }
        let was_live = is_usable(&session, now);
        let denial = store_end(tx, &session.ended(now, REASON), now, REASON).await?;
        if was_live {
            let event = event(&session, REASON.into(), Device::default(), now);
            audit::add(tx, &event).await?;
        }
        all.push(Ended {
            user: session.user,
            denial,
            was_live,
        });
    }
    Ok(all)
}
