//! The index of expiries: the times at which a sweep checks a record.

use latchkey_core::Timestamp;

use crate::table::{EXPIRIES, Key, RecordKey, Table, Value};
use crate::transaction::Tx;

/// Schedules a check of the record at this time.
pub(super) fn schedule<K: Key, V: Value>(
    tx: &mut Tx<'_>,
    table: Table<K, V>,
    key: &K,
    at: Timestamp,
) {
    tx.put_index(EXPIRIES, &(at, RecordKey(table.key(key))));
}

/// Removes a scheduled check.
pub(super) fn unschedule<K: Key, V: Value>(
    tx: &mut Tx<'_>,
    table: Table<K, V>,
    key: &K,
    at: Timestamp,
) {
    tx.clear(EXPIRIES, &(at, RecordKey(table.key(key))));
}
