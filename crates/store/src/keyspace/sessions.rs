//! Sessions: opened, rotated, ended.

use latchkey_core::rotation::{Decision, Presented, Refusal, decide};
use latchkey_core::{
    AuditEvent, AuditKind, Denial, Denied, Device, EndReason, Session, SessionId, SessionOrigin,
    SessionStatus, Timestamp, User, UserId,
};

use super::transaction::{parse, record};
use super::{Pair, Transaction, View, audit, denials, key, users};
use crate::error::StoreError;
use crate::request::{
    AllEnded, EndSession, EndSessions, Ended, LiveSession, NewSession, Opened, Rotate, Rotated,
    SESSION_KEPT,
};

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
    let device = Device {
        user_agent: new.origin.user_agent.clone(),
        address: new.origin.address.clone(),
    };
    let at = session.opened_at;
    audit::append(tx, &event(session, AuditKind::SignedIn, device, at))?;
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
    let was_live = is_of_use(&session, end.now);
    let denial = match session.status {
        SessionStatus::Live => {
            let ended = session.ended(end.now, end.reason);
            let device = end.device.clone();
            audit::append(tx, &event(&ended, end.reason.into(), device, end.now))?;
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

/// Ends all of a user's, or all but one; one event tells of it.
pub(super) fn end_many(
    tx: &mut Transaction<'_>,
    end: &EndSessions,
) -> Result<AllEnded, StoreError> {
    let all = end_quietly(tx, end)?;
    if all.live > 0 {
        let event = AuditEvent {
            at: end.now,
            kind: end.reason.into(),
            user: end.user,
            session: None,
            device: end.device.clone(),
            other_address: None,
        };
        audit::append(tx, &event)?;
    }
    Ok(all)
}

/// The same without an event.
pub(super) fn end_quietly(
    tx: &mut Transaction<'_>,
    end: &EndSessions,
) -> Result<AllEnded, StoreError> {
    let mut sessions = of(tx, end.user)?;
    sessions.retain(|it| Some(it.id) != end.keep && it.status.is_live());
    expect_ends(tx, &sessions);
    let mut all = AllEnded::default();
    for session in &sessions {
        let ended = end_one(tx, session, end.now, end.reason)?;
        all.live += usize::from(ended.was_live);
        all.denials.push(ended.denial);
    }
    Ok(all)
}

/// Which of these pairs are sessions that nobody has ended. Those past their end are among them:
/// that is a matter of the clock, which may be ahead.
pub(super) fn not_ended(pairs: &[Pair]) -> Result<Vec<SessionId>, StoreError> {
    let mut ids = Vec::new();
    for (key, bytes) in pairs {
        let session: Session = parse(key, bytes)?;
        if session.status.is_live() {
            ids.push(session.id);
        }
    }
    Ok(ids)
}

/// Ends, by the operator, those of these sessions that nobody has ended.
pub(super) fn end_each(
    tx: &mut Transaction<'_>,
    ids: &[SessionId],
    now: Timestamp,
) -> Result<Vec<Ended>, StoreError> {
    const REASON: EndReason = EndReason::EndedByOperator;
    let mut sessions = get_all(tx, ids)?;
    sessions.retain(|session| session.status.is_live());
    expect_ends(tx, &sessions);
    audit::expect(tx, sessions.iter().map(|session| session.user));
    let mut all = Vec::new();
    for session in sessions {
        let ended = end_one(tx, &session, now, REASON)?;
        if ended.was_live {
            audit::append(tx, &event(&session, REASON.into(), Device::default(), now))?;
        }
        all.push(ended);
    }
    Ok(all)
}

fn end_one(
    tx: &mut Transaction<'_>,
    session: &Session,
    now: Timestamp,
    reason: EndReason,
) -> Result<Ended, StoreError> {
    Ok(Ended {
        user: session.user,
        denial: store_end(tx, &session.ended(now, reason), now, reason)?,
        was_live: is_of_use(session, now),
    })
}

pub(super) fn live_with_origin(
    view: &dyn View,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<LiveSession>, StoreError> {
    let mut live = Vec::new();
    let sessions = of(view, user)?;
    view.expect(sessions.iter().map(|s| key::session_origin(s.id)).collect());
    for session in sessions {
        if is_live(&session, now)
            && let Some(origin) = origin(view, session.id)?
        {
            live.push(LiveSession { session, origin });
        }
    }
    Ok(live)
}

/// Every session of a user that is on record.
fn of(view: &dyn View, user: UserId) -> Result<Vec<Session>, StoreError> {
    let entries = view.scan(&key::sessions_of(user), usize::MAX)?;
    let ids = entries
        .iter()
        .filter_map(|(key, _)| key::session_named_by(key));
    get_all(view, &ids.collect::<Vec<_>>())
}

/// Those of these sessions that are on record.
fn get_all(view: &dyn View, ids: &[SessionId]) -> Result<Vec<Session>, StoreError> {
    view.expect(ids.iter().copied().map(key::session).collect());
    let mut sessions = Vec::new();
    for id in ids {
        sessions.extend(get(view, *id)?);
    }
    Ok(sessions)
}

fn origin(view: &dyn View, id: SessionId) -> Result<Option<SessionOrigin>, StoreError> {
    record(view, &key::session_origin(id))
}

/// Whether its refresh token can be used.
fn is_live(session: &Session, now: Timestamp) -> bool {
    session.status.is_live() && now < session.idle_end && now < session.absolute_end
}

/// Whether any token of it can be used: an access token may outlive the idle end.
fn is_of_use(session: &Session, now: Timestamp) -> bool {
    is_live(session, now) || session.status.is_live() && now < session.access_until
}

fn event(session: &Session, kind: AuditKind, device: Device, at: Timestamp) -> AuditEvent {
    AuditEvent {
        at,
        kind,
        user: session.user,
        session: Some(session.id),
        device,
        other_address: None,
    }
}

fn expect_ends(view: &dyn View, sessions: &[Session]) {
    denials::expect(view, sessions.iter().map(|it| Denied::Session(it.id)));
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
