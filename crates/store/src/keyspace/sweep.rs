//! Freeing what has expired.

use latchkey_core::audit::RETENTION;
use latchkey_core::{AuditEvent, Denial, SealedSigningKey, Session, Timestamp};

use super::transaction::{parse, record};
use super::{Pair, Transaction, View, key, sessions};
use crate::backup::PastLoginFlow;
use crate::error::StoreError;

/// Frees what these entries of the expiry index name if it has ended. An entry can be stale, when
/// its record was given a later end: then only the entry goes. The index itself is no condition:
/// whoever signs in adds to it.
pub(super) fn sweep(
    tx: &mut Transaction<'_>,
    entries: &[Pair],
    now: Timestamp,
) -> Result<usize, StoreError> {
    let mut freed = 0;
    let due: Vec<_> = entries
        .iter()
        .map_while(|(entry, _)| ended(entry, now))
        .collect();
    if due.is_empty() {
        return Ok(0);
    }
    tx.expect(due.clone());
    if until(tx)? < now {
        tx.put(key::SWEPT.to_vec(), &now)?;
    }
    for ((entry, _), record) in entries.iter().zip(due) {
        tx.remove(entry.clone());
        if let Some(bytes) = tx.get(&record)?
            && expires_at(&record, &bytes)?.is_some_and(|end| end <= now)
        {
            if record.first() == Some(&b's') {
                let session: Session = parse(&record, &bytes)?;
                tx.remove(key::session_origin(session.id));
                tx.remove(key::session_of(session.user, session.id));
            }
            tx.remove(record);
        }
        freed += 1;
    }
    Ok(freed)
}

/// The record that an entry of the index names, if the entry's moment has come.
fn ended(entry: &[u8], now: Timestamp) -> Option<Vec<u8>> {
    let (at, record) = key::expiry_named_by(entry)?;
    (at <= now).then(|| record.to_vec())
}

/// The latest moment that a sweep took for the present.
pub(super) fn until(view: &dyn View) -> Result<Timestamp, StoreError> {
    Ok(record(view, key::SWEPT)?.unwrap_or_default())
}

/// When the record says that it ends.
fn expires_at(record: &[u8], bytes: &[u8]) -> Result<Option<Timestamp>, StoreError> {
    Ok(match record.first() {
        Some(b'a') => Some(parse::<AuditEvent>(record, bytes)?.at.plus(RETENTION)),
        Some(b'd') => Some(parse::<Denial>(record, bytes)?.until),
        // A sign-in under way that an earlier version left here.
        Some(b'f') => Some(parse::<PastLoginFlow>(record, bytes)?.expires_at),
        Some(b'g') => Some(parse::<Timestamp>(record, bytes)?),
        Some(b's') => Some(sessions::kept_until(&parse(record, bytes)?)),
        Some(b'k') => parse::<SealedSigningKey>(record, bytes)?.verifies_until,
        _ => None,
    })
}
