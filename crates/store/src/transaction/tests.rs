use std::sync::Mutex;

use async_trait::async_trait;
use latchkey_core::{AuditPosition, Timestamp, UserId};

use super::Tx;
use crate::error::StoreError;
use crate::memory::Records;
use crate::records::{Found, Read, Reader};
use crate::table::{AUDIT_EVENTS, EMAILS_INDEXED, IMPORTING, SESSIONS_OF_USER, SWEPT_UNTIL};

/// Records, and the number of reads in each round trip.
#[derive(Default)]
struct CountingReader {
    records: Records,
    round_trips: Mutex<Vec<usize>>,
}

#[async_trait]
impl Reader for CountingReader {
    async fn fetch(&self, reads: &[Read]) -> Result<Vec<Found>, StoreError> {
        self.round_trips.lock().expect("lock").push(reads.len());
        self.records.fetch(reads).await
    }
}

impl CountingReader {
    /// The number of reads in each round trip since the last call.
    fn round_trips(&self) -> Vec<usize> {
        std::mem::take(&mut *self.round_trips.lock().expect("lock"))
    }
}

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

#[tokio::test]
async fn prefetched_records_take_one_round_trip() {
    let reader = CountingReader::default();
    let mut tx = Tx::new(&reader);
    let both = || vec![IMPORTING.at(&()), EMAILS_INDEXED.at(&()), IMPORTING.at(&())];
    tx.prefetch(both()).await.expect("fetched");
    tx.prefetch(both()).await.expect("cached");
    assert_eq!(tx.get(IMPORTING, &()).await, Ok(None));
    assert_eq!(tx.peek(EMAILS_INDEXED, &()).await, Ok(None));
    assert_eq!(reader.round_trips(), [2], "each record is fetched once");
    assert_eq!(tx.get(SWEPT_UNTIL, &()).await, Ok(None));
    assert_eq!(reader.round_trips(), [1]);
}

#[tokio::test]
async fn get_makes_a_condition_and_peek_does_not() {
    let reader = CountingReader::default();
    let mut tx = Tx::new(&reader);
    tx.peek(EMAILS_INDEXED, &()).await.expect("read");
    tx.get(IMPORTING, &()).await.expect("read");
    assert!(tx.is_of_one_round_trip(), "a peek is not a condition");
    tx.get(SWEPT_UNTIL, &()).await.expect("read");
    assert!(!tx.is_of_one_round_trip());
    // A later get of a peeked record makes it a condition without a round trip.
    reader.round_trips();
    tx.get(EMAILS_INDEXED, &()).await.expect("read");
    assert_eq!(reader.round_trips(), [0; 0]);
    let conditions = tx.into_change().conditions;
    let expected = [
        EMAILS_INDEXED.at(&()),
        IMPORTING.at(&()),
        SWEPT_UNTIL.at(&()),
    ];
    assert!(conditions.keys().eq(expected.iter()), "{conditions:?}");
}

#[tokio::test]
async fn a_transaction_reads_its_own_writes_by_key() {
    let reader = CountingReader::default();
    let mut tx = Tx::new(&reader);
    tx.put(SWEPT_UNTIL, &(), &NOW).expect("written");
    assert_eq!(tx.get(SWEPT_UNTIL, &()).await, Ok(Some(NOW)));
    tx.clear(SWEPT_UNTIL, &());
    assert_eq!(tx.get(SWEPT_UNTIL, &()).await, Ok(None));
    assert_eq!(reader.round_trips(), [0; 0], "nothing is fetched");
    let change = tx.into_change();
    assert!(change.conditions.is_empty());
    assert_eq!(change.writes.into_values().collect::<Vec<_>>(), [None]);
}

/// First reads all events of a user, then those of one millisecond: the second read is served from
/// the first page, and only the second read becomes a condition.
#[tokio::test]
async fn range_within_a_cached_range_needs_no_round_trip() {
    let user = UserId::from_bytes([1; 16]);
    let position = |at, nth| (user, AuditPosition { at, nth });
    let later = Timestamp::from_millis(NOW.as_millis() + 1);
    let mut reader = CountingReader::default();
    let writes = [position(NOW, 0), position(NOW, 1), position(later, 0)];
    let writes = writes.map(|key| (AUDIT_EVENTS.key(&key), Some(b"{}".to_vec())));
    reader.records.apply(writes.into());

    let mut tx = Tx::new(&reader);
    let all = tx.peek_keys(AUDIT_EVENTS.under(&user)).await;
    let newest_first = vec![position(later, 0), position(NOW, 1), position(NOW, 0)];
    assert_eq!(all, Ok(newest_first));
    let same_time = AUDIT_EVENTS.under(&(user, NOW));
    let keys = tx.keys(same_time.clone()).await;
    assert_eq!(keys, Ok(vec![position(NOW, 1), position(NOW, 0)]));
    assert_eq!(reader.round_trips(), [1]);
    let conditions = tx.into_change().conditions;
    assert!(conditions.keys().eq([&same_time.read()]), "{conditions:?}");

    // A page that reached its limit may be incomplete, so it is not used.
    let mut tx = Tx::new(&reader);
    tx.peek_keys(AUDIT_EVENTS.under(&user).limit(2))
        .await
        .expect("read");
    tx.keys(same_time).await.expect("read");
    assert_eq!(reader.round_trips(), [1, 1]);
}

#[tokio::test]
async fn corrupt_record_is_an_error_that_names_the_key() {
    let mut reader = CountingReader::default();
    let writes = [
        (SWEPT_UNTIL.key(&()), Some(b"soon".to_vec())),
        (b"n123".to_vec(), Some(Vec::new())),
    ];
    reader.records.apply(writes.into());
    let mut tx = Tx::new(&reader);
    let value = tx.get(SWEPT_UNTIL, &()).await;
    let error = value.expect_err("not a timestamp").to_string();
    assert!(
        error.contains("mswept") && !error.contains("soon"),
        "{error}"
    );
    let keys = tx.peek_keys(SESSIONS_OF_USER.all()).await;
    let error = keys.expect_err("not a key").to_string();
    assert!(
        error.contains("n123") && error.contains("sessions_of_user"),
        "{error}"
    );
}

/// A reader that returns no results.
struct EmptyReader;

#[async_trait]
impl Reader for EmptyReader {
    async fn fetch(&self, _: &[Read]) -> Result<Vec<Found>, StoreError> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn missing_result_is_an_error() {
    let mut tx = Tx::new(&EmptyReader);
    let refused = tx.get(IMPORTING, &()).await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable(_))),
        "{refused:?}"
    );
}
