//! The record of a session: reading it with the cutoffs applied, writing its end, and its
//! retention. The operations that open, refresh and end sessions are in [`super::sessions`] and
//! [`super::ends`].

use latchkey_core::{
    AuditEvent, AuditKind, Cutoff, Denial, Device, EndReason, Session, SessionId, SessionStatus,
    Timestamp, User, UserId,
};

use super::{denials, expiry};
use crate::error::StoreError;
use crate::request::SESSION_RETENTION;
use crate::table::{
    ENDED_SESSIONS_OF_USER, EVERYONE, Newest, SESSIONS, SESSIONS_BY_OPENED, SESSIONS_OF_USER, USERS,
};
use crate::transaction::Tx;

/// The maximum number of sessions that are read per user. Only earlier versions, which did not limit
/// the number of sessions, could open more.
const MAX_SESSIONS_READ: usize = 2000;

/// The session with the cutoffs applied. Its record becomes a condition. The cutoffs do not: a
/// concurrent cutoff takes effect whether it is read here or not.
pub(super) async fn get(tx: &mut Tx<'_>, id: SessionId) -> Result<Option<Session>, StoreError> {
    tx.prefetch(vec![SESSIONS.at(&id), EVERYONE.at(&())])
        .await?;
    let everyone = tx.peek(EVERYONE, &()).await?;
    let Some(session) = tx.get(SESSIONS, &id).await? else {
        return Ok(None);
    };
    let user = tx.peek(USERS, &session.user).await?;
    Ok(Some(current(&session, user.as_ref(), everyone.as_ref())))
}

/// The session in its current state: with the cutoffs applied, and ended if its user no longer has
/// the identity that opened it. The stored record might not contain these changes yet.
pub(super) fn current(
    session: &Session,
    user: Option<&User>,
    everyone: Option<&Cutoff>,
) -> Session {
    let of_user = user.and_then(|user| user.cutoff);
    let session = session.under(of_user.as_ref(), everyone);
    user.map_or_else(|| session.clone(), |user| session.of(user))
}

/// Whether this is a live session of this user. Its record becomes a condition.
pub(super) async fn is_live_of(
    tx: &mut Tx<'_>,
    user: UserId,
    id: SessionId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let session = get(tx, id).await?;
    Ok(session.is_some_and(|it| it.user == user && is_live(&it, now)))
}

/// The ids of the user's sessions that may be live.
pub(super) async fn ids_of(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<SessionId>, StoreError> {
    let entries = SESSIONS_OF_USER.under(&user).limit(MAX_SESSIONS_READ);
    let entries = tx.peek_keys(entries).await?;
    Ok(entries.into_iter().map(|(_, id)| id).collect())
}

/// The sessions with these ids, with the cutoffs applied. All must belong to `user`. Ids without a
/// record are skipped.
pub(super) async fn peek_all(
    tx: &mut Tx<'_>,
    user: UserId,
    ids: &[SessionId],
) -> Result<Vec<Session>, StoreError> {
    let mut reads: Vec<_> = ids.iter().map(|id| SESSIONS.at(id)).collect();
    reads.extend([EVERYONE.at(&()), USERS.at(&user)]);
    tx.prefetch(reads).await?;
    let everyone = tx.peek(EVERYONE, &()).await?;
    let user = tx.peek(USERS, &user).await?;
    let sessions = tx.peek_many(SESSIONS, ids).await?.into_iter().flatten();
    let sessions = sessions.map(|it| current(&it, user.as_ref(), everyone.as_ref()));
    Ok(sessions.collect())
}

/// Whether the session's refresh token can be used.
pub(super) fn is_live(session: &Session, now: Timestamp) -> bool {
    session.status.is_live() && now < session.idle_end && now < session.absolute_end
}

/// Whether any token of the session can be used: an access token may outlive the idle end.
pub(super) fn is_usable(session: &Session, now: Timestamp) -> bool {
    is_live(session, now) || session.status.is_live() && now < session.access_until
}

/// The time until which the record is retained. An ended session need not be retained for long: its
/// refresh tokens are refused whether the session is known or not.
pub(super) fn retained_until(session: &Session) -> Timestamp {
    let last_use = match session.status {
        SessionStatus::Live => session.absolute_end,
        SessionStatus::Ended { at, .. } => session.access_until.max(at),
    };
    last_use.plus(SESSION_RETENTION)
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
        actor: None,
        other_address: None,
    }
}

/// The key of a session in [`SESSIONS_BY_OPENED`].
pub(super) fn by_opened(session: &Session) -> (Newest, SessionId) {
    (Newest(session.opened_at), session.id)
}

/// Writes the record of a session that has just ended.
pub(super) fn write_end(tx: &mut Tx<'_>, ended: &Session) -> Result<(), StoreError> {
    let planned = ended.absolute_end.plus(SESSION_RETENTION);
    expiry::unschedule(tx, SESSIONS, &ended.id, planned);
    expiry::schedule(tx, SESSIONS, &ended.id, retained_until(ended));
    // The indexes contain only sessions that may be live.
    tx.clear(SESSIONS_OF_USER, &(ended.user, ended.id));
    tx.clear(SESSIONS_BY_OPENED, &by_opened(ended));
    tx.put_index(ENDED_SESSIONS_OF_USER, &(ended.user, ended.id));
    tx.put(SESSIONS, &ended.id, ended)
}

/// Writes the record of a session that has just ended, and denies its access tokens.
pub(super) async fn store_end(
    tx: &mut Tx<'_>,
    ended: &Session,
    now: Timestamp,
    reason: EndReason,
) -> Result<Denial, StoreError> {
    let denial = ended.denial(now, reason.into());
    write_end(tx, ended)?;
    denials::put(tx, &denial).await?;
    Ok(denial)
}
