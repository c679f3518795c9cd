//! Sessions: opened, rotated, listed, ended one by one. How many end at once: [`super::ends`].

use async_trait::async_trait;
use latchkey_core::rotation::{Decision, Presented, Refusal, decide};
use latchkey_core::{
    AuditEvent, AuditKind, Cutoffs, Denial, Denied, Device, EndReason, Session, SessionId,
    SessionStatus, Timestamp, UserId,
};

use super::session_record::{
    event, get, ids_of, is_live, is_of_use, kept_until, peek_all, store_end,
};
use super::{audit, ends, expiry};
use crate::engine::Engine;
use crate::error::StoreError;
use crate::request::{
    AllEnded, EndSession, EndSessions, Ended, LiveSession, NewSession, Opened, Rotate, Rotated,
    Started,
};
use crate::store::Sessions;
use crate::table::{DENIALS, EVERYONE, SESSION_ORIGINS, SESSIONS, SESSIONS_OF_USER, USERS};
use crate::transaction::Tx;

#[async_trait]
impl<E: Engine> Sessions for E {
    async fn open_session(&self, new: NewSession) -> Result<Opened, StoreError> {
        let (room, now) = (new.max_sessions, new.session.opened_at);
        let mut opened = self.write(new, |tx, new| Box::pin(open(tx, new))).await?;
        if let Opened::Opened(started) = &mut opened {
            // A change of its own: what the account's other sessions do must not keep a person from
            // signing in. If it fails, the next sign-in makes room.
            let made = ends::make_room(self, &started.session, room, now).await;
            started.displaced = made.unwrap_or_default();
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
        let end_all = self.write((end, live > 0), |tx, (end, tell)| {
            Box::pin(ends::end_all(tx, end, *tell))
        });
        let Some(denial) = end_all.await? else {
            return Ok(None);
        };
        let mut denials = vec![denial];
        denials.extend(ends::write_down_all(self, user).await);
        Ok(Some(AllEnded { denials, live }))
    }

    async fn end_everyone(&self, now: Timestamp) -> Result<Denial, StoreError> {
        self.write(now, |tx, now| Box::pin(ends::end_everyone(tx, *now)))
            .await
    }

    async fn end_sessions_in_shard(&self, slice: u8) -> Result<Vec<Ended>, StoreError> {
        ends::write_down_shard(self, slice).await
    }
}

async fn open(tx: &mut Tx<'_>, new: &NewSession) -> Result<Opened, StoreError> {
    let id = new.session.user;
    tx.prefetch(vec![USERS.at(&id), EVERYONE.at(&()), audit::history(id)])
        .await?;
    let everyone = tx.peek(EVERYONE, &()).await?;
    // If the account is banned, or its sessions are ended, at the same moment, the session carries
    // the number of an earlier cut-off and is over for that reason. So nothing that an account's
    // sessions do is in the way of a ban, not even as a reader.
    let user = match tx.peek(USERS, &id).await? {
        None => return Ok(Opened::UnknownUser),
        Some(user) if user.ban.is_some() => return Ok(Opened::Banned),
        Some(user) => user,
    };
    let mut session = new.session.clone();
    session.cutoffs = Cutoffs {
        user: user.cutoff.map_or(0, |cutoff| cutoff.number),
        everyone: everyone.map_or(0, |cutoff| cutoff.number),
    };
    // The absolute end never moves, so no refresh touches this index.
    expiry::schedule(tx, SESSIONS, &session.id, kept_until(&session));
    tx.put_index(SESSIONS_OF_USER, &(id, session.id));
    tx.put(SESSION_ORIGINS, &session.id, &new.origin)?;
    tx.put(SESSIONS, &session.id, &session)?;
    let device = Device {
        user_agent: new.origin.user_agent.clone(),
        address: new.origin.address.clone(),
    };
    let at = session.opened_at;
    audit::append(tx, &event(&session, AuditKind::SignedIn, device, at)).await?;
    Ok(Opened::Opened(Box::new(Started {
        session,
        displaced: Vec::new(),
    })))
}

/// The live sessions of a user, with where they come from.
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
    // As for `open`: what ends the session at the same moment is not held up by this.
    let everyone = tx.peek(EVERYONE, &()).await?;
    let Some(user) = tx.peek(USERS, &session.user).await? else {
        return Ok(None);
    };
    let session = session.under(user.cutoff.as_ref(), everyone.as_ref());
    let presented = Presented {
        user_banned: user.ban.is_some(),
        ..request.presented
    };
    let decision = decide(&session, &presented, now, request.limits);
    let mut denial = None;
    match &decision {
        // Of a repeated answer only a later end of its access tokens is worth a write.
        Decision::Rotated(next) | Decision::Repeated(next) if *next != session => {
            tx.put(SESSIONS, &next.id, next)?;
        }
        Decision::Replayed(ended) => {
            tx.prefetch(vec![
                DENIALS.at(&Denied::Session(ended.id)),
                SESSION_ORIGINS.at(&ended.id),
                audit::history(ended.user),
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

async fn end(tx: &mut Tx<'_>, request: &EndSession) -> Result<Option<Ended>, StoreError> {
    let now = request.now;
    let mut reads = vec![
        SESSIONS.at(&request.session),
        EVERYONE.at(&()),
        DENIALS.at(&Denied::Session(request.session)),
    ];
    let of_user = |user: UserId| [USERS.at(&user), audit::moment(user, now)];
    reads.extend(request.of.into_iter().flat_map(of_user));
    tx.prefetch(reads).await?;
    let Some(stored) = tx.peek(SESSIONS, &request.session).await? else {
        return Ok(None);
    };
    let user = stored.user;
    if request.of.is_some_and(|owner| owner != user) {
        return Ok(None);
    }
    tx.prefetch(of_user(user).into()).await?;
    let Some(session) = get(tx, request.session).await? else {
        return Ok(None);
    };
    let was_live = is_of_use(&session, now);
    let denial = match session.status {
        SessionStatus::Live => {
            let ended = session.ended(now, request.reason);
            let device = request.device.clone();
            audit::add(tx, &event(&ended, request.reason.into(), device, now)).await?;
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
