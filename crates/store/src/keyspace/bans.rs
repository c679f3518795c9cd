//! Bans: on the account, on its sessions, on every access token it was given.

use latchkey_core::denial::SLACK;
use latchkey_core::{
    AuditEvent, AuditKind, Ban, Denial, DenialReason, Denied, Device, EndReason, Timestamp, UserId,
};

use super::{Transaction, audit, denials, sessions, users};
use crate::error::StoreError;
use crate::request::{AllEnded, EndSessions};

pub(super) fn ban(
    tx: &mut Transaction<'_>,
    id: UserId,
    reason: &str,
    now: Timestamp,
) -> Result<Option<AllEnded>, StoreError> {
    let Some(mut user) = users::get(tx, id)? else {
        return Ok(None);
    };
    let mut ended = sessions::end_quietly(
        tx,
        &EndSessions {
            user: id,
            keep: None,
            reason: EndReason::Banned,
            device: Device::default(),
            now,
        },
    )?;
    // Whatever a session may have been given that is on record no more.
    let last = ended.denials.iter().map(|denial| denial.until).max();
    let everything = Denial {
        denied: Denied::User(id),
        reason: DenialReason::Banned,
        at: now,
        until: last.unwrap_or_default().max(now.plus(SLACK)),
    };
    denials::put(tx, &everything)?;
    ended.denials.push(everything);
    user.ban = Some(Ban {
        at: now,
        reason: reason.to_owned(),
    });
    users::put(tx, &user)?;
    audit::append(tx, &event(id, AuditKind::Banned, now))?;
    Ok(Some(ended))
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
