//! Sessions: opened, rotated, ended.

use latchkey_core::rotation::{Decision, Presented, decide};
use latchkey_core::{
    Denial, EndReason, Session, SessionId, SessionStatus, Timestamp, User, UserId,
};

use super::transaction::record;
use super::{Transaction, View, denials, key, users};
use crate::error::StoreError;
use crate::request::{EndSession, NewSession, Opened, Rotate, Rotated, SESSION_KEPT};

pub(super) fn get(view: &dyn View, id: SessionId) -> Result<Option<Session>, StoreError> {
    record(view, &key::session(id))
}

pub(super) fn open(tx: &mut Transaction<'_>, new: &NewSession) -> Result<Opened, StoreError> {
    let session = &new.session;
    match users::get(tx, session.user)? {
        None => return Ok(Opened::UnknownUser),
        Some(user) if user.ban.is_some() => return Ok(Opened::Banned),
        Some(_) => {}
    }
    let key = key::session(session.id);
    // The absolute end never moves, so no refresh touches this index.
    tx.mark(key::expiry(session.absolute_end.plus(SESSION_KEPT), &key));
    tx.mark(key::session_of(session.user, session.id));
    tx.put(key::session_origin(session.id), &new.origin)?;
    tx.put(key, session)?;
    Ok(Opened::Opened)
}

pub(super) fn rotate(
    tx: &mut Transaction<'_>,
    rotate: &Rotate,
) -> Result<Option<Rotated>, StoreError> {
    let Some((session, user)) = with_user(tx, rotate.session)? else {
        return Ok(None);
    };
    let presented = Presented {
        user_banned: user.ban.is_some(),
        ..rotate.presented
    };
    let decision = decide(&session, &presented, rotate.now, rotate.limits);
    let mut denial = None;
    match &decision {
        // Of a repeated answer only a later end of its access tokens is worth a write.
        Decision::Rotated(next) | Decision::Repeated(next) if *next != session => {
            tx.put(key::session(next.id), next)?;
        }
        Decision::Replayed(ended) => {
            denial = Some(store_end(tx, ended, rotate.now, EndReason::Replayed)?);
        }
        _ => {}
    }
    Ok(Some(Rotated {
        decision,
        user,
        denial,
    }))
}

pub(super) fn end(tx: &mut Transaction<'_>, end: EndSession) -> Result<Option<Denial>, StoreError> {
    let Some(session) = get(tx, end.session)? else {
        return Ok(None);
    };
    match session.status {
        SessionStatus::Live => {
            let ended = session.ended(end.now, end.reason);
            store_end(tx, &ended, end.now, end.reason).map(Some)
        }
        SessionStatus::Ended { at, reason } => Ok(Some(session.denial(at, reason.into()))),
    }
}

pub(super) fn end_all_of(
    tx: &mut Transaction<'_>,
    user: UserId,
    reason: EndReason,
    now: Timestamp,
) -> Result<Vec<Denial>, StoreError> {
    let mut denials = Vec::new();
    for session in live_of(tx, user, now)? {
        denials.push(store_end(tx, &session.ended(now, reason), now, reason)?);
    }
    Ok(denials)
}

pub(super) fn live_of(
    view: &dyn View,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    let mut live = Vec::new();
    for (entry, _) in view.scan(&key::sessions_of(user), usize::MAX)? {
        let session = match key::session_named_by(&entry) {
            Some(id) => get(view, id)?,
            None => None,
        };
        live.extend(session.filter(|session| {
            session.status.is_live() && now < session.idle_end && now < session.absolute_end
        }));
    }
    Ok(live)
}

fn store_end(
    tx: &mut Transaction<'_>,
    ended: &Session,
    now: Timestamp,
    reason: EndReason,
) -> Result<Denial, StoreError> {
    let denial = ended.denial(now, reason.into());
    tx.put(key::session(ended.id), ended)?;
    denials::put(tx, &denial)?;
    Ok(denial)
}

fn with_user(view: &dyn View, id: SessionId) -> Result<Option<(Session, User)>, StoreError> {
    let Some(session) = get(view, id)? else {
        return Ok(None);
    };
    Ok(users::get(view, session.user)?.map(|user| (session, user)))
}
