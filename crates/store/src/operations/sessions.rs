//! Sessions: opening, rotating, listing, and ending one. [`super::ends`] ends many at once.

use async_trait::async_trait;
use latchkey_core::rotation::{Decision, Presented, Refusal, decide};
use latchkey_core::{
    AuditEvent, AuditKind, AuditRecord, Cutoffs, Denial, Denied, Device, EndReason, Requester,
    ServerAct, Session, SessionId, SessionStatus, Timestamp, UserId,
};

use super::session_record::{
    by_opened, current, event, get, ids_of, is_live, is_usable, peek_all, retained_until, store_end,
};
use super::{audit, audit_log, ends, expiry, session_list};
use crate::engine::Engine;
use crate::error::StoreError;
use crate::request::{
    AllEnded, EndSession, EndSessions, Ended, LiveSession, NewSession, OpenOutcome, OpenedSession,
    Rotate, Rotated, SessionOfUser, StoredSessions,
};
use crate::search::{ListCursor, ListPage};
use crate::store::Sessions;
use crate::table::{
    CREDENTIALS, DENIALS, EVERYONE, SESSION_ORIGINS, SESSIONS, SESSIONS_BY_OPENED,
    SESSIONS_OF_USER, USERS,
};
use crate::transaction::Tx;

#[async_trait]
impl<E: Engine> Sessions for E {
    async fn open_session(&self, new: NewSession) -> Result<OpenOutcome, StoreError> {
        let (room, now) = (new.max_sessions, new.session.opened_at);
        let mut opened = self.write(new, |tx, new| Box::pin(open(tx, new))).await?;
        if let OpenOutcome::Opened(started) = &mut opened {
            // A separate change, so that activity of the user's other sessions cannot prevent a
            // sign-in. If it fails, the next sign-in makes room.
            let displaced = ends::make_room(self, &started.session, room, now).await;
            started.displaced = displaced.unwrap_or_default();
        }
        Ok(opened)
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.read(id, |tx, id| Box::pin(get(tx, *id))).await
    }

    async fn live_sessions(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<LiveSession>, StoreError> {
        self.read((user, now), |tx, (user, now)| {
            Box::pin(live(tx, *user, *now))
        })
        .await
    }

    async fn stored_sessions(
        &self,
        user: UserId,
        after: Option<SessionId>,
        limit: usize,
    ) -> Result<StoredSessions, StoreError> {
        self.read((user, after, limit), |tx, (user, after, limit)| {
            Box::pin(session_list::stored(tx, *user, *after, *limit))
        })
        .await
    }

    async fn all_sessions(
        &self,
        before: Option<ListCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Option<ListPage<SessionOfUser>>, StoreError> {
        self.read((before, limit, now), |tx, (before, limit, now)| {
            Box::pin(session_list::page(tx, before.as_ref(), *limit, *now))
        })
        .await
    }

    async fn rotate(&self, request: Rotate) -> Result<Option<Rotated>, StoreError> {
        self.write(request, |tx, request| Box::pin(rotate(tx, request)))
            .await
    }

    async fn end_session(&self, end: EndSession) -> Result<Option<Ended>, StoreError> {
        self.write(end, |tx, request| Box::pin(self::end(tx, request)))
            .await
    }

    async fn end_sessions_of(&self, end: EndSessions) -> Result<Option<AllEnded>, StoreError> {
        let EndSessions { user, now, .. } = end;
        let live = ends::count_live(self, user, end.keep, now).await?;
        let end_all = self.write((end, live > 0), |tx, (end, was_live)| {
            Box::pin(ends::end_all(tx, end, *was_live))
        });
        let Some(denial) = end_all.await? else {
            return Ok(None);
        };
        let mut denials = vec![denial];
        denials.extend(ends::record_ends_of_user(self, user).await);
        Ok(Some(AllEnded { denials, live }))
    }

    async fn end_everyone(
        &self,
        requester: Requester,
        now: Timestamp,
    ) -> Result<Denial, StoreError> {
        self.write((requester, now), |tx, (requester, now)| {
            Box::pin(ends::end_everyone(tx, requester, *now))
        })
        .await
    }

    async fn end_sessions_in_shard(&self, shard: u8) -> Result<Vec<Ended>, StoreError> {
        ends::record_ends_in_shard(self, shard).await
    }
}

async fn open(tx: &mut Tx<'_>, new: &NewSession) -> Result<OpenOutcome, StoreError> {
    let id = new.session.user;
    let mut reads = vec![USERS.at(&id), EVERYONE.at(&()), audit::all_events(id)];
    let credential = new.credential.as_ref();
    reads.extend(credential.map(|current| CREDENTIALS.at(&current.username)));
    tx.prefetch(reads).await?;
    // A condition: once the password has been changed, the old one must not open a session.
    if let Some(current) = credential {
        let stored = tx.get(CREDENTIALS, &current.username).await?;
        let is_current = stored.is_some_and(|it| it.hash.as_ref() == Some(&current.hash));
        if !is_current {
            return Ok(OpenOutcome::CredentialChanged);
        }
    }
    let everyone = tx.peek(EVERYONE, &()).await?;
    // A condition: a session must not be opened after its user was deleted or lost the identity.
    // A sign-in does not write this record, so it cannot cause a ban to conflict.
    let user = match tx.get(USERS, &id).await? {
        None => return Ok(OpenOutcome::UnknownUser),
        Some(user) if !user.has_identity(new.session.identity) => {
            return Ok(OpenOutcome::UnknownUser);
        }
        Some(user) if user.is_banned(new.session.opened_at) => return Ok(OpenOutcome::Banned),
        Some(user) if user.is_suspended(new.session.identity) => {
            return Ok(OpenOutcome::IdentitySuspended);
        }
        Some(user) => user,
    };
    let mut session = new.session.clone();
    session.cutoffs = Cutoffs {
        user: user.cutoff.map_or(0, |cutoff| cutoff.number),
        everyone: everyone.map_or(0, |cutoff| cutoff.number),
    };
    // The absolute end never changes, so refreshes do not touch this index.
    expiry::schedule(tx, SESSIONS, &session.id, retained_until(&session));
    tx.put_index(SESSIONS_OF_USER, &(id, session.id));
    tx.put_index(SESSIONS_BY_OPENED, &by_opened(&session));
    tx.put(SESSION_ORIGINS, &session.id, &new.origin)?;
    tx.put(SESSIONS, &session.id, &session)?;
    let device = Device {
        user_agent: new.origin.user_agent.clone(),
        address: new.origin.address.clone(),
        request_id: new.request_id.clone(),
    };
    let event = event(&session, AuditKind::SignedIn, device, session.opened_at);
    let record = AuditRecord {
        provider: Some(new.origin.provider.clone()),
        ..AuditRecord::from(&event)
    };
    audit_log::record(tx, &record)?;
    audit::append_to_history(tx, &event).await?;
    Ok(OpenOutcome::Opened(Box::new(OpenedSession {
        session,
        displaced: Vec::new(),
    })))
}

/// The live sessions of a user, with their origins.
async fn live(
    tx: &mut Tx<'_>,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<LiveSession>, StoreError> {
    let ids = ids_of(tx, user).await?;
    let mut reads: Vec<_> = ids.iter().map(|id| SESSION_ORIGINS.at(id)).collect();
    reads.extend(ids.iter().map(|id| SESSIONS.at(id)));
    reads.extend([EVERYONE.at(&()), USERS.at(&user)]);
    tx.prefetch(reads).await?;
    let mut live = Vec::new();
    for session in peek_all(tx, user, &ids).await? {
        if is_live(&session, now)
            && let Some(origin) = tx.peek(SESSION_ORIGINS, &session.id).await?
        {
            live.push(LiveSession { session, origin });
        }
    }
    Ok(live)
}

async fn rotate(tx: &mut Tx<'_>, request: &Rotate) -> Result<Option<Rotated>, StoreError> {
    let now = request.now;
    tx.prefetch(vec![
        SESSIONS.at(&request.session),
        USERS.at(&request.user),
        EVERYONE.at(&()),
    ])
    .await?;
    let Some(session) = tx.get(SESSIONS, &request.session).await? else {
        return Ok(None);
    };
    // Peeks only: a refresh never conflicts with a cutoff or a ban.
    let everyone = tx.peek(EVERYONE, &()).await?;
    let Some(user) = tx.peek(USERS, &session.user).await? else {
        return Ok(None);
    };
    let session = current(&session, Some(&user), everyone.as_ref());
    let presented = Presented {
        user_banned: user.is_banned(now),
        ..request.presented
    };
    let decision = decide(&session, &presented, now, request.limits);
    let mut denial = None;
    if let Decision::Rotated(next) | Decision::Repeated(next) = &decision {
        record_refresh(tx, &decision, next, request)?;
    }
    match &decision {
        // A repeated refresh changes the record only if it extends the expiry of the access tokens.
        Decision::Rotated(next) | Decision::Repeated(next) if *next != session => {
            tx.put(SESSIONS, &next.id, next)?;
        }
        Decision::Replayed(ended) => {
            tx.prefetch(vec![
                DENIALS.at(&Denied::Session(ended.id)),
                SESSION_ORIGINS.at(&ended.id),
                audit::all_events(ended.user),
            ])
            .await?;
            denial = Some(store_end(tx, ended, now, EndReason::Replayed).await?);
            let origin = tx.peek(SESSION_ORIGINS, &ended.id).await?;
            let device = request.device.clone();
            let replayed = AuditEvent {
                other_address: origin.and_then(|origin| origin.address),
                ..event(ended, AuditKind::Replayed, device, now)
            };
            audit::append(tx, &replayed).await?;
        }
        Decision::ProofMissing => {
            let device = request.device.clone();
            let unproven = event(&session, AuditKind::ProofMissing, device, now);
            audit::append_once(tx, &unproven).await?;
        }
        Decision::Refused(Refusal::Idle | Refusal::Expired) if session.over() != session => {
            tx.put(SESSIONS, &session.id, &session.over())?;
        }
        _ => {}
    }
    Ok(Some(Rotated {
        decision,
        user,
        denial,
    }))
}

/// Records a refresh in the audit log. Refreshes are not in the user's history.
fn record_refresh(
    tx: &mut Tx<'_>,
    decision: &Decision,
    session: &Session,
    request: &Rotate,
) -> Result<(), StoreError> {
    let act = match decision {
        Decision::Repeated(_) => ServerAct::RefreshRepeated,
        _ => ServerAct::Refreshed,
    };
    let record = AuditRecord {
        user: Some(session.user),
        session: Some(session.id),
        device: request.device.clone(),
        ..AuditRecord::new(request.now, act)
    };
    audit_log::record(tx, &record)
}

async fn end(tx: &mut Tx<'_>, request: &EndSession) -> Result<Option<Ended>, StoreError> {
    let now = request.now;
    let mut reads = vec![
        SESSIONS.at(&request.session),
        EVERYONE.at(&()),
        DENIALS.at(&Denied::Session(request.session)),
    ];
    let of_user = |user: UserId| [USERS.at(&user), audit::events_at(user, now)];
    reads.extend(request.owner.into_iter().flat_map(of_user));
    tx.prefetch(reads).await?;
    let Some(stored) = tx.peek(SESSIONS, &request.session).await? else {
        return Ok(None);
    };
    let user = stored.user;
    if request.owner.is_some_and(|owner| owner != user) {
        return Ok(None);
    }
    tx.prefetch(of_user(user).into()).await?;
    let Some(session) = get(tx, request.session).await? else {
        return Ok(None);
    };
    let was_live = is_usable(&session, now);
    let denial = match session.status {
        SessionStatus::Live => {
            let ended = session.ended(now, request.reason);
            let device = request.device.clone();
            let event = AuditEvent {
                actor: request.actor,
                ..event(&ended, request.reason.into(), device, now)
            };
            let detail = request.note.as_ref();
            let detail = detail.map(|note| format!("session {}: {note}", ended.id));
            audit::record_with(tx, &event, detail)?;
            audit::add_to_history(tx, &event).await?;
            store_end(tx, &ended, now, request.reason).await?
        }
        SessionStatus::Ended { at, reason } => session.denial(at, reason.into()),
    };
    Ok(Some(Ended {
        user,
        denial,
        was_live,
    }))
}
