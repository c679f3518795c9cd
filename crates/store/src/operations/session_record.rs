//! The record of a session: reading it under the cut-offs, writing its end, and for how long it is
//! of use. What opens, refreshes and ends sessions is in [`super::sessions`] and [`super::ends`].

use latchkey_core::{
    AuditEvent, AuditKind, Denial, Device, EndReason, Session, SessionId, SessionStatus, Timestamp,
    UserId,
};

use super::{denials, expiry};
use crate::error::StoreError;
use crate::request::SESSION_KEPT;
use crate::table::{EVERYONE, SESSIONS, SESSIONS_OF_USER, USERS};
use crate::transaction::Tx;

/// How many sessions of one account are looked at. Only an account whose sessions were opened
/// before their number was bounded has more; the rest counts as what it is.
const SESSIONS_OF_ONE: usize = 2000;

/// The session as it stands, cut-offs considered. The change depends on its record; a cut-off that
/// comes at the same moment counts either way.
pub(super) async fn get(tx: &mut Tx<'_>, id: SessionId) -> Result<Option<Session>, StoreError> {
    tx.prefetch(vec![SESSIONS.at(&id), EVERYONE.at(&())])
        .await?;
    let everyone = tx.peek(EVERYONE, &()).await?;
    let Some(session) = tx.get(SESSIONS, &id).await? else {
        return Ok(None);
    };
    let user = tx.peek(USERS, &session.user).await?;
    let of_user = user.and_then(|user| user.cutoff);
    Ok(Some(session.under(of_user.as_ref(), everyone.as_ref())))
}

/// The sessions of a user that may be live.
pub(super) async fn ids_of(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<SessionId>, StoreError> {
    let entries = SESSIONS_OF_USER.under(&user).limit(SESSIONS_OF_ONE);
    let entries = tx.peek_keys(entries).await?;
    Ok(entries.into_iter().map(|(_, id)| id).collect())
}

/// Those of these sessions of a user that are on record, as they stand, cut-offs considered.
pub(super) async fn peek_all(
    tx: &mut Tx<'_>,
    user: UserId,
    ids: &[SessionId],
) -> Result<Vec<Session>, StoreError> {
    let mut reads: Vec<_> = ids.iter().map(|id| SESSIONS.at(id)).collect();
    reads.extend([EVERYONE.at(&()), USERS.at(&user)]);
    tx.prefetch(reads).await?;
    let everyone = tx.peek(EVERYONE, &()).await?;
    let of_user = tx.peek(USERS, &user).await?.and_then(|user| user.cutoff);
    let sessions = tx.peek_many(SESSIONS, ids).await?.into_iter().flatten();
    let under = |it: Session| it.under(of_user.as_ref(), everyone.as_ref());
    Ok(sessions.map(under).collect())
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
pub(super) fn write_end(tx: &mut Tx<'_>, ended: &Session) -> Result<(), StoreError> {
    let planned = ended.absolute_end.plus(SESSION_KEPT);
    expiry::unschedule(tx, SESSIONS, &ended.id, planned);
    expiry::schedule(tx, SESSIONS, &ended.id, kept_until(ended));
    // What is listed and counted is what may be live.
    tx.clear(SESSIONS_OF_USER, &(ended.user, ended.id));
    tx.put(SESSIONS, &ended.id, ended)
}

/// The same, with the denial of its access tokens.
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
