//! Security events: the newest of each account, for a while.

use latchkey_core::audit::{KEPT_EVENTS, ONE_EVENT, RETENTION};
use latchkey_core::{AuditEvent, AuditPosition, Timestamp, UserId};

use super::transaction::parse;
use super::{Pair, Transaction, View, key};
use crate::error::StoreError;

/// Says that an event of this moment is going to be added to each of these accounts.
pub(super) fn expect(view: &dyn View, users: impl Iterator<Item = UserId>, at: Timestamp) {
    view.expect_under(users.map(|user| key::audit_events_at(user, at)).collect());
}

/// Adds an event without looking at those of other moments: nothing else that happens to the
/// account can stand in its way for long. The next [`append`] removes what there is no more room
/// for.
pub(super) fn add(tx: &mut Transaction<'_>, event: &AuditEvent) -> Result<(), StoreError> {
    let known = tx.scan(&key::audit_events_at(event.user, event.at), usize::MAX)?;
    put(tx, event, &known)
}

/// Adds an event, and removes what there is no more room for.
pub(super) fn append(tx: &mut Transaction<'_>, event: &AuditEvent) -> Result<(), StoreError> {
    let prefix = key::audit_events_of(event.user);
    // Several events of one change count each for one; the next change makes up for it.
    let known = tx.scan(&prefix, usize::MAX)?;
    for (key, _) in known.iter().skip(KEPT_EVENTS - 1) {
        if let Some(position) = key::position_named_by(key) {
            tx.remove(key::expiry(position.at.plus(RETENTION), key));
        }
        tx.remove(key.clone());
    }
    put(tx, event, &known)
}

/// Puts an event beside those known of its moment.
fn put(tx: &mut Transaction<'_>, event: &AuditEvent, known: &[Pair]) -> Result<(), StoreError> {
    let mut position = AuditPosition {
        at: event.at,
        nth: 0,
    };
    let mut key = key::audit_event(event.user, position);
    let is_taken = |tx: &Transaction<'_>, key: &Vec<u8>| {
        tx.wrote(key) || known.iter().any(|(known, _)| known == key)
    };
    while is_taken(tx, &key) && position.nth < u8::MAX {
        position.nth += 1;
        key = key::audit_event(event.user, position);
    }
    tx.mark(key::expiry(event.at.plus(RETENTION), &key));
    tx.put(key, event)
}

/// Adds an event unless it repeats one of moments ago.
pub(super) fn append_once(tx: &mut Transaction<'_>, event: &AuditEvent) -> Result<(), StoreError> {
    for (key, bytes) in tx.scan(&key::audit_events_of(event.user), KEPT_EVENTS)? {
        let known: AuditEvent = parse(&key, &bytes)?;
        if event.at.since(known.at) >= ONE_EVENT {
            break;
        }
        if (known.kind, known.session) == (event.kind, event.session) {
            return Ok(());
        }
    }
    append(tx, event)
}

pub(super) fn page(
    view: &dyn View,
    user: UserId,
    before: Option<AuditPosition>,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<(AuditPosition, AuditEvent)>, StoreError> {
    let mut page = Vec::new();
    for (key, bytes) in view.scan(&key::audit_events_of(user), KEPT_EVENTS)? {
        let Some(position) = key::position_named_by(&key) else {
            continue;
        };
        let kept = now < position.at.plus(RETENTION);
        if page.len() < limit && kept && before.is_none_or(|before| position < before) {
            page.push((position, parse(&key, &bytes)?));
        }
    }
    Ok(page)
}
