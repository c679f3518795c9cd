//! The index of expiries: at which moment a sweep is to look at a record.

use latchkey_core::Timestamp;

use crate::table::{EXPIRIES, Key, RecordKey, Table, Value};
use crate::transaction::Tx;

/// Lets the record under this key be looked at once this moment has come.
pub(super) fn schedule<K: Key, V: Value>(
    tx: &mut Tx<'_>,
    table: Table<K, V>,
    key: &K,
    at: Timestamp,
) {
    tx.put_index(EXPIRIES, &(at, RecordKey(table.key(key))));
}

/// Takes that back.
pub(super) fn unschedule<K: Key, V: Value>(
    tx: &mut Tx<'_>,
    table: Table<K, V>,
    key: &K,
    at: Timestamp,
) {
    tx.clear(EXPIRIES, &(at, RecordKey(table.key(key))));
}
