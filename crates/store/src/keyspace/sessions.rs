//! Sessions: opened, rotated, listed, ended one by one. How many end at once: [`super::ends`].

use latchkey_core::rotation::{Decision, Presented, Refusal, decide};
use latchkey_core::{
    AuditEvent, AuditKind, Cutoffs, Denial, Device, EndReason, Session, SessionId, SessionOrigin,
    SessionStatus, Timestamp, UserId,
};

use super::transaction::record;
use super::{Pair, Transaction, View, audit, denials, ends, key, users};
use crate::error::StoreError;
use crate::request::{
    EndSession, Ended, LiveSession, NewSession, Opened, Rotate, Rotated, SESSION_KEPT, Started,
};

/// The record of a session as it is stored: a cut-off may have ended it all the same.
pub(super) fn stored(view: &dyn View, id: SessionId) -> Result<Option<Session>, StoreError> {
    record(view, &key::session(id))
}

/// The session as it stands, cut-offs considered.
pub(super) fn get(view: &dyn View, id: SessionId) -> Result<Option<Session>, StoreError> {
    view.expect(vec![key::session(id), key::EVERYONE.to_vec()]);
    let everyone = ends::of_everyone(view)?;
    let Some(session) = stored(view, id)? else {
        return Ok(None);
    };
    let user = users::peek(view, session.user)?;
    let of_user = user.and_then(|user| user.cutoff);
    Ok(Some(session.under(of_user.as_ref(), everyone.as_ref())))
}

/// Those of these sessions of a user that are on record, as they stand.
pub(super) fn settled(
    view: &dyn View,
    user: UserId,
    ids: &[SessionId],
) -> Result<Vec<Session>, StoreError> {
    let mut expected: Vec<_> = ids.iter().copied().map(key::session).collect();
    expected.extend([key::EVERYONE.to_vec(), key::user(user)]);
    view.expect(expected);
    let everyone = ends::of_everyone(view)?;
    let of_user = users::get(view, user)?.and_then(|user| user.cutoff);
    let mut sessions = Vec::new();
    for id in ids {
        let session = stored(view, *id)?;
        sessions.extend(session.map(|it| it.under(of_user.as_ref(), everyone.as_ref())));
    }
    Ok(sessions)
}

pub(super) fn open(tx: &mut Transaction<'_>, new: &NewSession) -> Result<Opened, StoreError> {
    tx.expect(vec![key::user(new.session.user), key::EVERYONE.to_vec()]);
    tx.expect_under(vec![key::audit_events_of(new.session.user)]);
    let everyone = ends::of_everyone(tx)?;
    let user = match users::peek(tx, new.session.user)? {
        None => return Ok(Opened::UnknownUser),
        Some(user) if user.ban.is_some() => return Ok(Opened::Banned),
        Some(user) => user,
    };
    let mut session = new.session.clone();
    session.cutoffs = Cutoffs {
        user: user.cutoff.map_or(0, |cutoff| cutoff.number),
        everyone: everyone.map_or(0, |cutoff| cutoff.number),
    };
    let key = key::session(session.id);
    // The absolute end never moves, so no refresh touches this index.
    tx.mark(key::expiry(kept_until(&session), &key));
    tx.mark(key::session_of(session.user, session.id));
    tx.put(key::session_origin(session.id), &new.origin)?;
    tx.put(key, &session)?;
    let device = Device {
        user_agent: new.origin.user_agent.clone(),
        address: new.origin.address.clone(),
    };
    let at = session.opened_at;
    audit::append(tx, &event(&session, AuditKind::SignedIn, device, at))?;
    Ok(Opened::Opened(Box::new(Started {
        session,
        displaced: Vec::new(),
    })))
}

pub(super) fn rotate(
    tx: &mut Transaction<'_>,
    rotate: &Rotate,
) -> Result<Option<Rotated>, StoreError> {
    tx.expect(vec![key::session(rotate.session), key::EVERYONE.to_vec()]);
    let everyone = ends::of_everyone(tx)?;
    let Some(session) = stored(tx, rotate.session)? else {
        return Ok(None);
    };
    let Some(user) = users::peek(tx, session.user)? else {
        return Ok(None);
    };
    let session = session.under(user.cutoff.as_ref(), everyone.as_ref());
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
            let origin = origin(tx, ended.id)?;
            let replayed = AuditEvent {
                other_address: origin.and_then(|origin| origin.address),
                ..event(
                    ended,
                    AuditKind::Replayed,
                    rotate.device.clone(),
                    rotate.now,
                )
            };
            audit::append(tx, &replayed)?;
        }
        Decision::Unproven => {
            let device = rotate.device.clone();
            let unproven = event(&session, AuditKind::Unproven, device, rotate.now);
            audit::append_once(tx, &unproven)?;
        }
        Decision::Refused(Refusal::Idle | Refusal::Expired) if session.over() != session => {
            tx.put(key::session(session.id), &session.over())?;
        }
        _ => {}
    }
    Ok(Some(Rotated {
        decision,
        user,
        denial,
    }))
}

pub(super) fn end(tx: &mut Transaction<'_>, end: &EndSession) -> Result<Option<Ended>, StoreError> {
    let Some(session) = get(tx, end.session)? else {
        return Ok(None);
    };
    let user = session.user;
    if end.of.is_some_and(|owner| owner != user) {
        return Ok(None);
    }
    let was_live = is_of_use(&session, end.now);
    let denial = match session.status {
        SessionStatus::Live => {
            let ended = session.ended(end.now, end.reason);
            let device = end.device.clone();
            audit::add(tx, &event(&ended, end.reason.into(), device, end.now))?;
            store_end(tx, &ended, end.now, end.reason)?
        }
        SessionStatus::Ended { at, reason } => session.denial(at, reason.into()),
    };
    Ok(Some(Ended {
        user,
        denial,
        was_live,
    }))
}

/// Live ones among these sessions of a user, with where they come from.
pub(super) fn live_with_origin(
    view: &dyn View,
    user: UserId,
    ids: &[SessionId],
    now: Timestamp,
) -> Result<Vec<LiveSession>, StoreError> {
    view.expect(ids.iter().copied().map(key::session_origin).collect());
    let mut live = Vec::new();
    for session in settled(view, user, ids)? {
        if is_live(&session, now)
            && let Some(origin) = origin(view, session.id)?
        {
            live.push(LiveSession { session, origin });
        }
    }
    Ok(live)
}

/// The sessions that these entries of the index name.
pub(super) fn named_by(entries: &[Pair]) -> Vec<SessionId> {
    let ids = entries
        .iter()
        .filter_map(|(key, _)| key::session_named_by(key));
    ids.collect()
}

fn origin(view: &dyn View, id: SessionId) -> Result<Option<SessionOrigin>, StoreError> {
    record(view, &key::session_origin(id))
}

/// Whether its refresh token can be used.
pub(super) fn is_live(session: &Session, now: Timestamp) -> bool {
    session.status.is_live() && now < session.idle_end && now < session.absolute_end
}

/// Whether any token of it can be used: an access token may outlive the idle end.
pub(super) fn is_of_use(session: &Session, now: Timestamp) -> bool {
    is_live(session, now) || session.status.is_live() && now < session.access_until
}

/// When the record may go. Of one that has ended nothing is left to decide: its refresh tokens are
/// refused whether it is known or not.
pub(super) fn kept_until(session: &Session) -> Timestamp {
    let last_use = match session.status {
        SessionStatus::Live => session.absolute_end,
        SessionStatus::Ended { at, .. } => session.access_until.max(at),
    };
    last_use.plus(SESSION_KEPT)
}

pub(super) fn event(
    session: &Session,
    kind: AuditKind,
    device: Device,
    at: Timestamp,
) -> AuditEvent {
    AuditEvent {
        at,
        kind,
        user: session.user,
        session: Some(session.id),
        device,
        other_address: None,
    }
}

/// Writes the end of a session that was live until now.
pub(super) fn write_end(tx: &mut Transaction<'_>, ended: &Session) -> Result<(), StoreError> {
    let key = key::session(ended.id);
    tx.remove(key::expiry(ended.absolute_end.plus(SESSION_KEPT), &key));
    tx.mark(key::expiry(kept_until(ended), &key));
    // What is listed and counted is what may live.
    tx.remove(key::session_of(ended.user, ended.id));
    tx.put(key, ended)
}

pub(super) fn store_end(
    tx: &mut Transaction<'_>,
    ended: &Session,
    now: Timestamp,
    reason: EndReason,
) -> Result<Denial, StoreError> {
    let denial = ended.denial(now, reason.into());
    write_end(tx, ended)?;
    denials::put(tx, &denial)?;
    Ok(denial)
}
