//! Removing expired records.

use latchkey_core::Timestamp;
use latchkey_core::audit::RETENTION;
use latchkey_core::audit_record::HOUR_RETENTION;

use super::session_record::{by_opened, retained_until};
use crate::error::StoreError;
use crate::records::Read;
use crate::table::{
    AUDIT_EVENTS, DENIALS, ENDED_SESSIONS_OF_USER, EXPIRIES, FINISHED_FLOWS, HOURS, Key,
    ONE_TIME_LINKS, PAST_FLOWS, RecordKey, SESSION_ORIGINS, SESSIONS, SESSIONS_BY_OPENED,
    SESSIONS_OF_USER, SIGNING_KEYS, SWEPT_UNTIL, Table, Value,
};
use crate::transaction::Tx;

/// The entries of the expiry index that are due, among its first `limit` entries.
pub(super) async fn due(
    tx: &mut Tx<'_>,
    (now, limit): (Timestamp, usize),
) -> Result<Vec<(Timestamp, RecordKey)>, StoreError> {
    let mut entries = tx.peek_keys(EXPIRIES.all().limit(limit)).await?;
    entries.retain(|(at, _)| *at <= now);
    Ok(entries)
}

/// Removes the records that these entries name, if they have expired. An entry is stale if its
/// record now expires later: then only the entry is removed. The index does not become a condition,
/// because every sign-in adds to it.
pub(super) async fn free(
    tx: &mut Tx<'_>,
    entries: &[(Timestamp, RecordKey)],
    now: Timestamp,
) -> Result<usize, StoreError> {
    let records = entries.iter().map(|(_, record)| record.0.clone());
    let mut reads: Vec<_> = records.map(Read::Value).collect();
    reads.push(SWEPT_UNTIL.at(&()));
    tx.prefetch(reads).await?;
    if until(tx).await? < now {
        tx.put(SWEPT_UNTIL, &(), &now)?;
    }
    for entry in entries {
        tx.clear(EXPIRIES, entry);
        free_if_expired(tx, &entry.1, now).await?;
    }
    Ok(entries.len())
}

async fn free_if_expired(
    tx: &mut Tx<'_>,
    RecordKey(record): &RecordKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    if let Some(id) = SESSIONS.key_of(record) {
        if let Some(session) = tx.get(SESSIONS, &id).await?
            && retained_until(&session) <= now
        {
            tx.clear(SESSION_ORIGINS, &id);
            tx.clear(SESSIONS_OF_USER, &(session.user, id));
            tx.clear(SESSIONS_BY_OPENED, &by_opened(&session));
            tx.clear(ENDED_SESSIONS_OF_USER, &(session.user, id));
            tx.clear(SESSIONS, &id);
        }
        return Ok(());
    }
    clear_if(tx, AUDIT_EVENTS, record, now, |it| {
        Some(it.at.plus(RETENTION))
    })
    .await?;
    if let Some(key) = HOURS.key_of(record) {
        if key.0.plus(HOUR_RETENTION) <= now {
            tx.clear(HOURS, &key);
        }
        return Ok(());
    }
    clear_if(tx, DENIALS, record, now, |it| Some(it.until)).await?;
    clear_if(tx, FINISHED_FLOWS, record, now, |until| Some(*until)).await?;
    clear_if(tx, ONE_TIME_LINKS, record, now, |it| Some(it.expires_at)).await?;
    clear_if(tx, PAST_FLOWS, record, now, |it| Some(it.expires_at)).await?;
    clear_if(tx, SIGNING_KEYS, record, now, |it| it.verifies_until).await
}

/// Removes the record if it belongs to this table and has expired.
async fn clear_if<K: Key, V: Value>(
    tx: &mut Tx<'_>,
    table: Table<K, V>,
    record: &[u8],
    now: Timestamp,
    end: fn(&V) -> Option<Timestamp>,
) -> Result<(), StoreError> {
    if let Some(key) = table.key_of(record)
        && let Some(value) = tx.get(table, &key).await?
        && end(&value).is_some_and(|end| end <= now)
    {
        tx.clear(table, &key);
    }
    Ok(())
}

/// The latest time that a sweep used as the current time.
pub(super) async fn until(tx: &mut Tx<'_>) -> Result<Timestamp, StoreError> {
    Ok(tx.get(SWEPT_UNTIL, &()).await?.unwrap_or_default())
}
