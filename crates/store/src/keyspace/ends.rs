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

use super::sessions::{event, is_of_use, settled, store_end, stored, write_end};
use super::transaction::{parse, peeked, record};
use super::{Pair, Transaction, View, audit, denials, key, users};
use crate::error::StoreError;
use crate::request::Ended;

/// How many sessions are written in one change.
pub(super) const SLICE: usize = 100;

/// The latest cut-off of everyone. Never a condition of a change: a session that is opened or
/// refreshed at the same moment carries the old number, and is over for that reason.
pub(super) fn of_everyone(view: &dyn View) -> Result<Option<Cutoff>, StoreError> {
    peeked(view, key::EVERYONE)
}

/// Ends all sessions of this user but the one to `keep`, given by what it was opened under.
pub(super) fn cut_off(
    tx: &mut Transaction<'_>,
    user: &mut User,
    reason: EndReason,
    keep: Option<(SessionId, Cutoffs)>,
    now: Timestamp,
) -> Result<Denial, StoreError> {
    let denial = user
        .cut_off(now, reason, keep)
        .denial(Denied::User(user.id));
    users::put(tx, user)?;
    denials::put(tx, &denial)?;
    Ok(denial)
}

/// Says what [`cut_off`] and an event are going to read.
pub(super) fn expect(view: &dyn View, user: UserId, now: Timestamp) {
    view.expect(vec![key::user(user), key::denial(&Denied::User(user))]);
    audit::expect(view, core::iter::once(user), now);
}

/// The same for an account by its id, and the event that tells of it. `None` if there is no such
/// account.
pub(super) fn end_all(
    tx: &mut Transaction<'_>,
    id: UserId,
    reason: EndReason,
    keep: Option<(SessionId, Cutoffs)>,
    told: Option<&Device>,
    now: Timestamp,
) -> Result<Option<Denial>, StoreError> {
    expect(tx, id, now);
    let Some(mut user) = users::get(tx, id)? else {
        return Ok(None);
    };
    let denial = cut_off(tx, &mut user, reason, keep, now)?;
    if let Some(device) = told {
        let event = AuditEvent {
            at: now,
            kind: reason.into(),
            user: id,
            session: None,
            device: device.clone(),
            other_address: None,
        };
        audit::add(tx, &event)?;
    }
    Ok(Some(denial))
}

/// Ends all sessions of all users, by the operator.
pub(super) fn end_everyone(tx: &mut Transaction<'_>, now: Timestamp) -> Result<Denial, StoreError> {
    tx.expect(vec![key::EVERYONE.to_vec(), key::denial(&Denied::Everyone)]);
    let known: Option<Cutoff> = record(tx, key::EVERYONE)?;
    let next = Cutoff::next(known.as_ref(), now, EndReason::EndedByOperator, None);
    tx.put(key::EVERYONE.to_vec(), &next)?;
    let denial = next.denial(Denied::Everyone);
    denials::put(tx, &denial)?;
    Ok(denial)
}

/// Writes the ends of those of these sessions that a cut-off ended, and says which they were. Of
/// what ended everyone's, each person is told by an event.
pub(super) fn write_down(
    tx: &mut Transaction<'_>,
    ids: &[SessionId],
    known_user: Option<UserId>,
) -> Result<Vec<Ended>, StoreError> {
    let mut expected: Vec<_> = ids.iter().copied().map(key::session).collect();
    expected.push(key::EVERYONE.to_vec());
    expected.extend(known_user.map(key::user));
    tx.expect(expected);
    let everyone = of_everyone(tx)?;
    let mut sessions = Vec::new();
    for id in ids {
        sessions.extend(stored(tx, *id)?);
    }
    sessions.retain(|session| session.status.is_live());
    let told_at = everyone.map(|everyone| everyone.at).unwrap_or_default();
    tx.expect(sessions.iter().map(|it| key::user(it.user)).collect());
    if known_user.is_none() {
        audit::expect(tx, sessions.iter().map(|it| it.user), told_at);
    }
    let mut all = Vec::new();
    for session in sessions {
        let user = users::peek(tx, session.user)?;
        let of_user = user.and_then(|user| user.cutoff);
        let ended = session.under(of_user.as_ref(), everyone.as_ref());
        let SessionStatus::Ended { at, reason } = ended.status else {
            continue;
        };
        let denial = ended.denial(at, reason.into());
        write_end(tx, &ended)?;
        if denial.outlives_a_cutoff() {
            denials::put(tx, &denial)?;
        }
        let was_live = is_of_use(&session, at);
        let by_everyone = session.under(of_user.as_ref(), None).status.is_live();
        if was_live && by_everyone {
            audit::add(tx, &event(&session, reason.into(), Device::default(), at))?;
        }
        all.push(Ended {
            user: session.user,
            denial,
            was_live,
        });
    }
    Ok(all)
}

/// Which of these sessions must go so that no more than `room` are left: first those that cannot
/// be used any more, then those that were used longest ago. `fresh`, and what was opened after it,
/// stays.
pub(super) fn to_displace(
    view: &dyn View,
    user: UserId,
    ids: &[SessionId],
    fresh: &Session,
    room: usize,
    now: Timestamp,
) -> Result<Vec<SessionId>, StoreError> {
    let mut sessions = settled(view, user, ids)?;
    let excess = sessions.len().saturating_sub(room);
    // Of two sign-ins at once, one may end the other, and not both each other.
    let age = |it: &Session| (it.opened_at, it.id);
    sessions.retain(|session| age(session) < age(fresh));
    sessions.sort_by_key(|it| (is_of_use(it, now), it.rotated_at, it.opened_at));
    let going = sessions.iter().take(excess.min(SLICE));
    Ok(going.map(|session| session.id).collect())
}

/// Ends these sessions of one account to make room.
pub(super) fn displace(
    tx: &mut Transaction<'_>,
    ids: &[SessionId],
    now: Timestamp,
) -> Result<Vec<Ended>, StoreError> {
    const REASON: EndReason = EndReason::Displaced;
    tx.expect(ids.iter().copied().map(key::session).collect());
    let denied = ids.iter().map(|id| Denied::Session(*id));
    denials::expect(tx, denied);
    let mut all = Vec::new();
    for id in ids {
        let Some(session) = stored(tx, *id)? else {
            continue;
        };
        if !session.status.is_live() {
            // An earlier version left it among those that may live.
            tx.remove(key::session_of(session.user, *id));
            continue;
        }
        let was_live = is_of_use(&session, now);
        let denial = store_end(tx, &session.ended(now, REASON), now, REASON)?;
        if was_live {
            audit::add(tx, &event(&session, REASON.into(), Device::default(), now))?;
        }
        all.push(Ended {
            user: session.user,
            denial,
            was_live,
        });
    }
    Ok(all)
}

/// Which of these records are of sessions whose end is not written there.
pub(super) fn not_written(pairs: &[Pair]) -> Result<Vec<SessionId>, StoreError> {
    let mut ids = Vec::new();
    for (key, bytes) in pairs {
        let session: Session = parse(key, bytes)?;
        if session.status.is_live() {
            ids.push(session.id);
        }
    }
    Ok(ids)
}

/// How many of these sessions can be used, the one to `keep` aside.
pub(super) fn count(
    view: &dyn View,
    user: UserId,
    ids: &[SessionId],
    keep: Option<SessionId>,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let sessions = settled(view, user, ids)?;
    let of_use = |it: &&Session| Some(it.id) != keep && is_of_use(it, now);
    Ok(sessions.iter().filter(of_use).count())
}
