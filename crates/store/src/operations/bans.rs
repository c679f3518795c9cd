//! Bans and granted roles. A ban marks the user, and sets a cutoff that ends all sessions and denies
//! all access tokens.

use super::{audit, ends, user_index};
use crate::error::StoreError;
use crate::table::{DENIALS, USERS};
use crate::transaction::Tx;
use latchkey_core::{
    AuditEvent, AuditKind, Ban, Denial, Denied, EndReason, Requester, Timestamp, User, UserId,
};

/// Bans a user. `None` if there is no such user.
pub(super) async fn ban(
    tx: &mut Tx<'_>,
    id: UserId,
    (reason, until): (&str, Option<Timestamp>),
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
        until,
    });
    let denial = ends::cut_off(tx, &mut user, EndReason::Banned, None, now).await?;
    let event = event(id, AuditKind::Banned, requester, now);
    let detail = match until {
        Some(until) => format!("until {}: {reason}", until.to_utc()),
        None => reason.to_owned(),
    };
    audit::record_with(tx, &event, detail)?;
    audit::add_to_history(tx, &event).await?;
    Ok(Some(denial))
}

/// Lifts a ban, and returns whether it was in force. `None` if there is no such user.
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
    let was_banned = user.is_banned(now);
    if user.ban.take().is_some() {
        user_index::put(tx, &user).await?;
    }
    if was_banned {
        audit::append(tx, &event(id, AuditKind::Unbanned, requester, now)).await?;
    }
    Ok(Some(was_banned))
}

/// Replaces the roles that were granted to a user, and returns the user. Changes nothing if they are
/// the same. `None` if there is no such user.
pub(super) async fn set_roles(
    tx: &mut Tx<'_>,
    id: UserId,
    roles: &[String],
    requester: &Requester,
    now: Timestamp,
) -> Result<Option<User>, StoreError> {
    tx.prefetch(vec![USERS.at(&id), audit::all_events(id)])
        .await?;
    let Some(mut user) = tx.get(USERS, &id).await? else {
        return Ok(None);
    };
    if user.roles != roles {
        let change = format!("[{}] -> [{}]", user.roles.join(" "), roles.join(" "));
        user.roles = roles.to_vec();
        user_index::put(tx, &user).await?;
        let event = event(id, AuditKind::RolesChanged, requester, now);
        audit::append_with(tx, &event, change).await?;
    }
    Ok(Some(user))
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
