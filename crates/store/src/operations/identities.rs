//! Adding identities to users, and removing them. A sign-in with an identity is in [`super::users`].

use latchkey_core::user::LOCAL;
use latchkey_core::{
    AuditEvent, AuditKind, Denied, Device, EndReason, LinkedIdentity, Session, SessionId,
    SessionStatus, Timestamp, UnlinkError, UserId,
};

use super::session_record::{ids_of, is_live_of, is_usable, peek_all, store_end};
use super::{audit, local_accounts, user_index};
use crate::engine::Engine;
use crate::error::StoreError;
use crate::request::{Ended, LinkIdentity, LinkOutcome, UnlinkIdentity, UnlinkOutcome};
use crate::table::{DENIALS, EVERYONE, IDENTITIES, SESSIONS, SESSIONS_OF_USER, USERS};
use crate::transaction::Tx;

/// How many sessions are ended in one change.
const BATCH_SIZE: usize = 100;

/// Adds an identity to a user, or updates its claims.
pub(super) async fn link(tx: &mut Tx<'_>, link: &LinkIdentity) -> Result<LinkOutcome, StoreError> {
    let (target, identity, now) = (link.target, &link.profile.identity, link.now);
    tx.prefetch(vec![
        USERS.at(&target.user),
        IDENTITIES.at(identity),
        SESSIONS.at(&target.session),
        EVERYONE.at(&()),
        audit::events_at(target.user, now),
    ])
    .await?;
    let is_live = is_live_of(tx, target.user, target.session, now).await?;
    let Some(mut user) = tx.get(USERS, &target.user).await? else {
        return Ok(LinkOutcome::SessionEnded);
    };
    if user.is_banned(now) {
        return Ok(LinkOutcome::Banned);
    }
    if !is_live {
        return Ok(LinkOutcome::SessionEnded);
    }
    if let Some(owner) = tx.get(IDENTITIES, identity).await?
        && owner != user.id
    {
        return Ok(LinkOutcome::InUse);
    }
    let known = user.number_of(identity);
    let is_new = known.is_none_or(|number| user.is_suspended(number));
    if user.link(link.profile.clone(), now).is_err() {
        return Ok(LinkOutcome::TooMany);
    }
    tx.put(IDENTITIES, identity, &user.id)?;
    user_index::put(tx, &user).await?;
    if is_new {
        let kind = AuditKind::IdentityLinked;
        let by = Some(target.session);
        audit::add(tx, &event(user.id, kind, by, link.device.clone(), now)).await?;
    }
    let user = Box::new(user);
    Ok(LinkOutcome::Linked { user, is_new })
}

/// Removes an identity and ends the sessions that were opened with it.
pub(super) async fn unlink_and_end(
    engine: &impl Engine,
    request: UnlinkIdentity,
) -> Result<UnlinkOutcome, StoreError> {
    let UnlinkIdentity {
        user, number, now, ..
    } = request;
    let unlinked = engine.write(request, |tx, request| Box::pin(unlink(tx, request)));
    let mut all = match unlinked.await? {
        UnlinkOutcome::Unlinked(ended) => ended,
        refused => return Ok(refused),
    };
    // End the sessions beyond the first batch, and those opened while the identity was being
    // removed. None of them can be refreshed. If this fails, their access tokens remain valid until
    // they expire.
    loop {
        let rest = engine.write((user, number, now), |tx, (user, number, now)| {
            Box::pin(end_opened_with(tx, *user, *number, *now))
        });
        match rest.await {
            Ok(ended) if !ended.is_empty() => all.extend(ended),
            _ => return Ok(UnlinkOutcome::Unlinked(all)),
        }
    }
}

/// Removes an identity, and ends up to [`BATCH_SIZE`] of its sessions.
async fn unlink(tx: &mut Tx<'_>, request: &UnlinkIdentity) -> Result<UnlinkOutcome, StoreError> {
    let (id, now) = (request.user, request.now);
    tx.prefetch(vec![
        USERS.at(&id),
        SESSIONS.at(&request.session),
        EVERYONE.at(&()),
        SESSIONS_OF_USER.under(&id).read(),
        audit::events_at(id, now),
    ])
    .await?;
    let is_live = is_live_of(tx, id, request.session, now).await?;
    let Some(mut user) = tx.get(USERS, &id).await? else {
        return Ok(UnlinkOutcome::Refused(UnlinkError::Unknown));
    };
    // The server that accepted the access token might not have read the denial of the user or the
    // session yet. A banned user who could remove an identity could sign up again with it.
    if user.is_banned(now) {
        return Ok(UnlinkOutcome::Banned);
    }
    if !is_live {
        return Ok(UnlinkOutcome::SessionEnded);
    }
    let removed = match user.unlink(request.number, now) {
        Ok(removed) => removed,
        Err(error) => return Ok(UnlinkOutcome::Refused(error)),
    };
    if removed.identity.issuer == LOCAL {
        local_accounts::remove(tx, &mut user).await?;
    }
    release(tx, id, &[removed]).await?;
    user_index::put(tx, &user).await?;
    let kind = AuditKind::IdentityRemoved;
    audit::add(tx, &event(id, kind, None, request.device.clone(), now)).await?;
    let ended = end_opened_with(tx, id, request.number, now).await?;
    Ok(UnlinkOutcome::Unlinked(ended))
}

/// Frees the identities of a user, except those that belong to another user: after a restore, two
/// users can have the same identity.
pub(super) async fn release(
    tx: &mut Tx<'_>,
    user: UserId,
    identities: &[LinkedIdentity],
) -> Result<(), StoreError> {
    let reads = identities.iter().map(|it| IDENTITIES.at(&it.identity));
    tx.prefetch(reads.collect()).await?;
    for LinkedIdentity { identity, .. } in identities {
        if tx.get(IDENTITIES, identity).await? == Some(user) {
            tx.clear(IDENTITIES, identity);
        }
    }
    Ok(())
}

/// Ends up to [`BATCH_SIZE`] sessions of a user that were opened with this identity.
async fn end_opened_with(
    tx: &mut Tx<'_>,
    user: UserId,
    number: u32,
    now: Timestamp,
) -> Result<Vec<Ended>, StoreError> {
    const REASON: EndReason = EndReason::IdentityRemoved;
    let ids = ids_of(tx, user).await?;
    let sessions = tx.peek_many(SESSIONS, &ids).await?.into_iter().flatten();
    let opened_with = |it: &Session| it.identity == number && it.status.is_live();
    let sessions: Vec<_> = sessions.filter(opened_with).take(BATCH_SIZE).collect();
    let ids: Vec<_> = sessions.iter().map(|it| it.id).collect();
    let denials = ids.iter().map(|id| DENIALS.at(&Denied::Session(*id)));
    tx.prefetch(denials.collect()).await?;
    // Sessions that a cutoff ended were counted at that time.
    let current = peek_all(tx, user, &ids).await?;
    let was_ended = |id: SessionId| {
        let session = current.iter().find(|it| it.id == id);
        session.is_some_and(|it| !ended_by_identity(it) && !it.status.is_live())
    };
    let mut all = Vec::new();
    for id in ids {
        // Read with `get`, so that a concurrent change to the record is a conflict.
        let Some(session) = tx.get(SESSIONS, &id).await? else {
            continue;
        };
        let was_live = is_usable(&session, now) && !was_ended(id);
        let denial = store_end(tx, &session.ended(now, REASON), now, REASON).await?;
        all.push(Ended {
            user,
            denial,
            was_live,
        });
    }
    Ok(all)
}

/// Whether a session is over only because its identity was removed.
fn ended_by_identity(session: &Session) -> bool {
    matches!(
        session.status,
        SessionStatus::Ended {
            reason: EndReason::IdentityRemoved,
            ..
        }
    )
}

fn event(
    user: UserId,
    kind: AuditKind,
    session: Option<SessionId>,
    device: Device,
    at: Timestamp,
) -> AuditEvent {
    AuditEvent {
        at,
        kind,
        user,
        session,
        device,
        actor: None,
        other_address: None,
    }
}
