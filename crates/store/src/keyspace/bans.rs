//! Bans: on the account, and by a cut-off on its sessions and on every access token it was given.

use latchkey_core::{AuditEvent, AuditKind, Ban, Denial, Device, EndReason, Timestamp, UserId};

use super::{Transaction, audit, ends, users};
use crate::error::StoreError;

pub(super) fn ban(
    tx: &mut Transaction<'_>,
    id: UserId,
    reason: &str,
    now: Timestamp,
) -> Result<Option<Denial>, StoreError> {
    ends::expect(tx, id, now);
    let Some(mut user) = users::get(tx, id)? else {
        return Ok(None);
    };
    user.ban = Some(Ban {
        at: now,
        reason: reason.to_owned(),
    });
    let denial = ends::cut_off(tx, &mut user, EndReason::Banned, None, now)?;
    audit::add(tx, &event(id, AuditKind::Banned, now))?;
    Ok(Some(denial))
}

pub(super) fn unban(
    tx: &mut Transaction<'_>,
    id: UserId,
    now: Timestamp,
) -> Result<Option<bool>, StoreError> {
    let Some(mut user) = users::get(tx, id)? else {
        return Ok(None);
    };
    let was_banned = user.ban.take().is_some();
    if was_banned {
        users::put(tx, &user)?;
        audit::append(tx, &event(id, AuditKind::Unbanned, now))?;
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
