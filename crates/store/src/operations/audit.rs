//! Security events: the history that a user sees, bounded in number and in age. [`audit_log`] is
//! the record of the whole server.

use async_trait::async_trait;
use latchkey_core::audit::{DEDUP_WINDOW, KEPT_EVENTS, RETENTION};
use latchkey_core::{AuditEvent, AuditPosition, AuditRecord, Device, Timestamp, UserId};

use super::{audit_log, expiry};
use crate::engine::Engine;
use crate::error::StoreError;
use crate::records::Read;
use crate::store::Audit;
use crate::table::AUDIT_EVENTS;
use crate::transaction::Tx;

#[async_trait]
impl<E: Engine> Audit for E {
    async fn audit_events(
        &self,
        user: UserId,
        before: Option<AuditPosition>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<(AuditPosition, AuditEvent)>, StoreError> {
        let page = (user, before, limit, now);
        self.read(page, |tx, page| Box::pin(self::page(tx, *page)))
            .await
    }
}

/// The read request of [`append`] and [`append_once`].
pub(super) fn all_events(user: UserId) -> Read {
    AUDIT_EVENTS.under(&user).read()
}

/// The read request of [`add`].
pub(super) fn events_at(user: UserId, at: Timestamp) -> Read {
    AUDIT_EVENTS.under(&(user, at)).read()
}

/// Adds an event to the audit log, and to the user's history. Only the user's events of the same
/// millisecond become a condition of the commit, so other events cannot cause a conflict. The next
/// [`append`] removes events in excess of the maximum.
pub(super) async fn add(tx: &mut Tx<'_>, event: &AuditEvent) -> Result<(), StoreError> {
    audit_log::record(tx, &event.into())?;
    add_to_history(tx, event).await
}

/// Like [`add`], in the user's history only. The user must not learn who acted on behalf of the
/// operator, or from where, so the history contains neither.
pub(super) async fn add_to_history(tx: &mut Tx<'_>, event: &AuditEvent) -> Result<(), StoreError> {
    let known = tx.keys(AUDIT_EVENTS.under(&(event.user, event.at))).await?;
    let at = event.at;
    let mut key = (event.user, AuditPosition { at, nth: 0 });
    while (known.contains(&key) || tx.wrote(AUDIT_EVENTS, &key)) && key.1.nth < u8::MAX {
        key.1.nth += 1;
    }
    expiry::schedule(tx, AUDIT_EVENTS, &key, at.plus(RETENTION));
    tx.put(AUDIT_EVENTS, &key, &as_user_sees(event))
}

/// Like [`add`], and removes the oldest events in excess of the maximum. Concurrent calls may leave
/// too many events; the next call removes them.
pub(super) async fn append(tx: &mut Tx<'_>, event: &AuditEvent) -> Result<(), StoreError> {
    audit_log::record(tx, &event.into())?;
    append_to_history(tx, event).await
}

/// Like [`append`], with a detail in the audit log.
pub(super) async fn append_with(
    tx: &mut Tx<'_>,
    event: &AuditEvent,
    detail: String,
) -> Result<(), StoreError> {
    record_with(tx, event, detail)?;
    append_to_history(tx, event).await
}

/// Adds an event to the audit log only, with a detail if there is one.
pub(super) fn record_with(
    tx: &mut Tx<'_>,
    event: &AuditEvent,
    detail: impl Into<Option<String>>,
) -> Result<(), StoreError> {
    let mut record = AuditRecord::from(event);
    if let Some(detail) = detail.into() {
        record.detail = Some(detail);
    }
    audit_log::record(tx, &record)
}

/// Like [`append`], in the user's history only.
pub(super) async fn append_to_history(
    tx: &mut Tx<'_>,
    event: &AuditEvent,
) -> Result<(), StoreError> {
    let known = tx.peek_keys(AUDIT_EVENTS.under(&event.user)).await?;
    for key in known.into_iter().skip(KEPT_EVENTS - 1) {
        remove(tx, &key);
    }
    add_to_history(tx, event).await
}

/// Removes an event.
pub(super) fn remove(tx: &mut Tx<'_>, key: &(UserId, AuditPosition)) {
    expiry::unschedule(tx, AUDIT_EVENTS, key, key.1.at.plus(RETENTION));
    tx.clear(AUDIT_EVENTS, key);
}

/// Adds an event to the user's history only, unless it repeats one within [`DEDUP_WINDOW`].
pub(super) async fn append_once(tx: &mut Tx<'_>, event: &AuditEvent) -> Result<(), StoreError> {
    for (_, known) in tx.peek_range(AUDIT_EVENTS.under(&event.user)).await? {
        if event.at.since(known.at) >= DEDUP_WINDOW {
            break;
        }
        if (known.kind, known.session) == (event.kind, event.session) {
            return Ok(());
        }
    }
    append_to_history(tx, event).await
}

fn as_user_sees(event: &AuditEvent) -> AuditEvent {
    let mut event = event.clone();
    if event.actor.take().is_some() {
        event.device = Device::default();
    }
    event
}

async fn page(
    tx: &mut Tx<'_>,
    (user, before, limit, now): (UserId, Option<AuditPosition>, usize, Timestamp),
) -> Result<Vec<(AuditPosition, AuditEvent)>, StoreError> {
    let events = AUDIT_EVENTS.under(&user).limit(KEPT_EVENTS);
    let mut page = Vec::new();
    for ((_, position), event) in tx.range(events).await? {
        let kept = now < position.at.plus(RETENTION);
        if page.len() < limit && kept && before.is_none_or(|before| position < before) {
            page.push((position, event));
        }
    }
    Ok(page)
}
