//! Bans: a mark on the user, and a cutoff that ends all sessions and denies all access tokens.

use latchkey_core::{
    AuditEvent, AuditKind, Ban, Denial, Denied, EndReason, Requester, Timestamp, UserId,
};

use super::{audit, ends};
use crate::error::StoreError;
use crate::table::{DENIALS, USERS};
use crate::transaction::Tx;

/// Bans a user. `None` if there is no such user.
pub(super) async fn ban(
    tx: &mut Tx<'_>,
    id: UserId,
    reason: &str,
    requester: &Requester,
    now: Timestamp,
) -> Result<Option<Denial>, StoreError> {
    tx.prefetch(vec![
        USERS.at(&id),
        DENIALS.at(&Denied::User(id)),
        audit::events_at(id, now),
    ])
    .await?;
    let Some(mut user) = tx.get(USERS, &id).await? else {
        return Ok(None);
    };
    user.ban = Some(Ban {
        at: now,
        reason: reason.to_owned(),
        until: None,
    });
    let denial = ends::cut_off(tx, &mut user, EndReason::Banned, None, now).await?;
    audit::add(tx, &event(id, AuditKind::Banned, requester, now)).await?;
    Ok(Some(denial))
}

/// Lifts a ban, and returns whether there was one. `None` if there is no such user.
pub(super) async fn unban(
    tx: &mut Tx<'_>,
    id: UserId,
    requester: &Requester,
    now: Timestamp,
) -> Result<Option<bool>, StoreError> {
    tx.prefetch(vec![USERS.at(&id), audit::all_events(id)])
        .await?;
    let Some(mut user) = tx.get(USERS, &id).await? else {
        return Ok(None);
    };
    let was_banned = user.ban.take().is_some();
    if was_banned {
        tx.put(USERS, &id, &user)?;
        audit::append(tx, &event(id, AuditKind::Unbanned, requester, now)).await?;
    }
    Ok(Some(was_banned))
}

fn event(user: UserId, kind: AuditKind, requester: &Requester, at: Timestamp) -> AuditEvent {
    AuditEvent {
        at,
        kind,
        user,
        session: None,
        device: requester.device.clone(),
        actor: requester.actor,
        other_address: None,
    }
}
