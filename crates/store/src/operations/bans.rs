//! Bans: on the account, and by a cut-off on its sessions and on every access token it was given.

use latchkey_core::{
    AuditEvent, AuditKind, Ban, Denial, Denied, Device, EndReason, Timestamp, UserId,
};

use super::{audit, ends};
use crate::error::StoreError;
use crate::table::{DENIALS, USERS};
use crate::transaction::Tx;

/// Bans an account. `None` if there is none of this id.
pub(super) async fn ban(
    tx: &mut Tx<'_>,
    id: UserId,
    reason: &str,
    now: Timestamp,
) -> Result<Option<Denial>, StoreError> {
    tx.prefetch(vec![
        USERS.at(&id),
        DENIALS.at(&Denied::User(id)),
        audit::moment(id, now),
    ])
    .await?;
    let Some(mut user) = tx.get(USERS, &id).await? else {
        return Ok(None);
    };
    user.ban = Some(Ban {
        at: now,
        reason: reason.to_owned(),
    });
    let denial = ends::cut_off(tx, &mut user, EndReason::Banned, None, now).await?;
    audit::add(tx, &event(id, AuditKind::Banned, now)).await?;
    Ok(Some(denial))
}

/// Lifts a ban, and says whether there was one. `None` if there is no such account.
pub(super) async fn unban(
    tx: &mut Tx<'_>,
    id: UserId,
    now: Timestamp,
) -> Result<Option<bool>, StoreError> {
    tx.prefetch(vec![USERS.at(&id), audit::history(id)]).await?;
    let Some(mut user) = tx.get(USERS, &id).await? else {
        return Ok(None);
    };
    let was_banned = user.ban.take().is_some();
    if was_banned {
        tx.put(USERS, &id, &user)?;
        audit::append(tx, &event(id, AuditKind::Unbanned, now)).await?;
    }
    Ok(Some(was_banned))
}

/// Of the operator nothing is kept: it is the person who reads this.
fn event(user: UserId, kind: AuditKind, at: Timestamp) -> AuditEvent {
    AuditEvent {
        at,
        kind,
        user,
        session: None,
        device: Device::default(),
        other_address: None,
    }
}
