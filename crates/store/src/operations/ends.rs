//! Ending many sessions at once, or those that there is no room for.
//!
//! First comes the cut-off: one change of a few records whose conditions nothing that the account
//! does can make more, or make fail for long. From then on opening and refreshing read it. Only
//! then are the sessions themselves written, in slices, with nobody left to race against; an end
//! that is not written down yet counts all the same ([`Session::under`]).

use latchkey_core::{
    AuditEvent, Cutoff, Cutoffs, Denial, Denied, Device, EndReason, Session, SessionId,
    SessionStatus, Timestamp, User, UserId,
};

use super::session_record::{event, ids_of, is_of_use, peek_all, store_end, write_end};
use super::{audit, denials};
use crate::engine::Engine;
use crate::error::StoreError;
use crate::request::{EndSessions, Ended};
use crate::table::{DENIALS, EVERYONE, SESSIONS, SESSIONS_OF_USER, Shard, USERS};
use crate::transaction::Tx;

/// How many sessions are written in one change.
const SLICE: usize = 100;

/// Ends all sessions of this user but the one to `keep`, given by what it was opened under.
pub(super) async fn cut_off(
    tx: &mut Tx<'_>,
    user: &mut User,
    reason: EndReason,
    keep: Option<(SessionId, Cutoffs)>,
    now: Timestamp,
) -> Result<Denial, StoreError> {
    let cutoff = user.cut_off(now, reason, keep);
    let denial = cutoff.denial(Denied::User(user.id));
    tx.put(USERS, &user.id, user)?;
    denials::put(tx, &denial).await?;
    Ok(denial)
}

/// The same for an account by its id, with the event that tells of it if it is to be told. `None`
/// if there is no such account.
pub(super) async fn end_all(
    tx: &mut Tx<'_>,
    end: &EndSessions,
    tell: bool,
) -> Result<Option<Denial>, StoreError> {
    let mut reads = vec![
        USERS.at(&end.user),
        DENIALS.at(&Denied::User(end.user)),
        audit::moment(end.user, end.now),
    ];
    reads.extend(end.keep.map(|id| SESSIONS.at(&id)));
    tx.prefetch(reads).await?;
    let Some(mut user) = tx.get(USERS, &end.user).await? else {
        return Ok(None);
    };
    let keep = match &end.keep {
        // What it was opened under never changes, so its refreshes need not stand in the way.
        Some(id) => tx.peek(SESSIONS, id).await?,
        None => None,
    };
    let keep = keep.filter(|session| session.user == end.user);
    let keep = keep.map(|session| (session.id, session.cutoffs));
    let denial = cut_off(tx, &mut user, end.reason, keep, end.now).await?;
    if tell {
        let event = AuditEvent {
            at: end.now,
            kind: end.reason.into(),
            user: end.user,
            session: None,
            device: end.device.clone(),
            other_address: None,
        };
        audit::add(tx, &event).await?;
    }
    Ok(Some(denial))
}

/// Ends all sessions of all users, by the operator.
pub(super) async fn end_everyone(tx: &mut Tx<'_>, now: Timestamp) -> Result<Denial, StoreError> {
    tx.prefetch(vec![EVERYONE.at(&()), DENIALS.at(&Denied::Everyone)])
        .await?;
    let known = tx.get(EVERYONE, &()).await?;
    let next = Cutoff::next(known.as_ref(), now, EndReason::EndedByOperator, None);
    tx.put(EVERYONE, &(), &next)?;
    let denial = next.denial(Denied::Everyone);
    denials::put(tx, &denial).await?;
    Ok(denial)
}

/// How many sessions of a user can be used, the one to `keep` aside.
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
    let of_use = |it: &&Session| Some(it.id) != keep && is_of_use(it, now);
    Ok(sessions.iter().filter(of_use).count())
}

/// Writes down the ends of a user's sessions after a cut-off, which has ended them already: if
/// this fails or is interrupted, nothing comes back to life. Denials that outlive that of the
/// cut-off are given back.
pub(super) async fn write_down_all(engine: &impl Engine, user: UserId) -> Vec<Denial> {
    let mut longer = Vec::new();
    let ids = engine.read(user, |tx, user| Box::pin(ids_of(tx, *user)));
    let Ok(ids) = ids.await else {
        return longer;
    };
    for slice in ids.chunks(SLICE) {
        let slice = slice.to_vec();
        let written = engine.write((slice, user), |tx, (slice, user)| {
            Box::pin(write_down(tx, slice, Some(*user)))
        });
        let Ok(ended) = written.await else {
            return longer;
        };
        let denials = ended.into_iter().map(|ended| ended.denial);
        longer.extend(denials.filter(Denial::outlives_a_cutoff));
    }
    longer
}

/// The same for the sessions of all users in a shard, slice by slice; says which have ended.
pub(super) async fn write_down_shard(
    engine: &impl Engine,
    shard: u8,
) -> Result<Vec<Ended>, StoreError> {
    let mut ended = Vec::new();
    let mut after = None;
    loop {
        let page = engine.read((shard, after), |tx, (shard, after)| {
            let after = after.map(|id| SESSIONS.key(&id));
            let page = SESSIONS.under(&Shard(*shard)).after(after).limit(SLICE);
            Box::pin(tx.peek_range(page))
        });
        let page = page.await?;
        let last = page.last().map(|(id, _)| *id);
        let is_last = page.len() < SLICE;
        let live = page.into_iter().filter(|(_, it)| it.status.is_live());
        let live: Vec<_> = live.map(|(id, _)| id).collect();
        if !live.is_empty() {
            let written = engine.write(live, |tx, ids| Box::pin(write_down(tx, ids, None)));
            ended.extend(written.await?);
        }
        if is_last {
            return Ok(ended);
        }
        after = last;
    }
}

/// Writes the ends of those of these sessions that a cut-off ended, and says which they were. Of
/// what everyone's cut-off ended, each person is told by an event. The others are no conditions:
/// they may go on being refreshed.
async fn write_down(
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
        reads.extend(live.iter().map(|it| audit::moment(it.user, at)));
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
        // What is written depends on its record.
        let Some(session) = tx.get(SESSIONS, &session.id).await? else {
            continue;
        };
        let denial = ended.denial(at, reason.into());
        write_end(tx, &ended)?;
        if denial.outlives_a_cutoff() {
            denials::put(tx, &denial).await?;
        }
        let was_live = is_of_use(&session, at);
        let by_everyone = session.under(of_user.as_ref(), None).status.is_live();
        if was_live && by_everyone {
            let told = event(&session, reason.into(), Device::default(), at);
            audit::add(tx, &told).await?;
        }
        all.push(Ended {
            user: session.user,
            denial,
            was_live,
        });
    }
    Ok(all)
}

/// Ends what is more than the account may have.
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

/// Ends those of these sessions of one account that must go so that no more than `room` are left:
/// first those that cannot be used any more, then those that were used longest ago. `fresh`, and
/// what was opened after it, stays.
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
    // Of two sign-ins at once, one may end the other, and not both each other.
    let age = |it: &Session| (it.opened_at, it.id);
    sessions.retain(|session| age(session) < age(fresh));
    sessions.sort_by_key(|it| (is_of_use(it, now), it.rotated_at, it.opened_at));
    sessions.truncate(excess.min(SLICE));

    let denials = sessions
        .iter()
        .map(|it| DENIALS.at(&Denied::Session(it.id)));
    let mut reads: Vec<_> = denials.collect();
    reads.push(audit::moment(fresh.user, now));
    tx.prefetch(reads).await?;
    let mut all = Vec::new();
    for session in sessions {
        let Some(session) = tx.get(SESSIONS, &session.id).await? else {
            continue;
        };
        if !session.status.is_live() {
            // An earlier version left it among those that may be live.
            tx.clear(SESSIONS_OF_USER, &(session.user, session.id));
            continue;
        }
        let was_live = is_of_use(&session, now);
        let denial = store_end(tx, &session.ended(now, REASON), now, REASON).await?;
        if was_live {
            let told = event(&session, REASON.into(), Device::default(), now);
            audit::add(tx, &told).await?;
        }
        all.push(Ended {
            user: session.user,
            denial,
            was_live,
        });
    }
    Ok(all)
}
