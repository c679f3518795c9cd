use std::sync::Mutex;

use async_trait::async_trait;
use latchkey_core::{AuditPosition, Timestamp, UserId};

use super::Tx;
use crate::error::StoreError;
use crate::memory::Records;
use crate::records::{Found, Read, Reader};
use crate::table::{AUDIT_EVENTS, EMAILS_INDEXED, IMPORTING, SESSIONS_OF_USER, SWEPT_UNTIL};

/// Records, and what was asked for in each round trip.
#[derive(Default)]
struct Watched {
    records: Records,
    asked: Mutex<Vec<usize>>,
}

#[async_trait]
impl Reader for Watched {
    async fn fetch(&self, reads: &[Read]) -> Result<Vec<Found>, StoreError> {
        self.asked.lock().expect("a list").push(reads.len());
        self.records.fetch(reads).await
    }
}

impl Watched {
    fn asked(&self) -> Vec<usize> {
        std::mem::take(&mut *self.asked.lock().expect("a list"))
    }
}

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

#[tokio::test]
async fn what_is_prefetched_takes_one_round_trip() {
    let reader = Watched::default();
    let mut tx = Tx::new(&reader);
    let both = || vec![IMPORTING.at(&()), EMAILS_INDEXED.at(&()), IMPORTING.at(&())];
    tx.prefetch(both()).await.expect("fetched");
    tx.prefetch(both()).await.expect("known");
    assert_eq!(tx.get(IMPORTING, &()).await, Ok(None));
    assert_eq!(tx.peek(EMAILS_INDEXED, &()).await, Ok(None));
    assert_eq!(reader.asked(), [2], "each once");
    assert_eq!(tx.get(SWEPT_UNTIL, &()).await, Ok(None));
    assert_eq!(reader.asked(), [1]);
}

#[tokio::test]
async fn a_change_depends_on_what_was_read_and_not_on_what_was_peeked_at() {
    let reader = Watched::default();
    let mut tx = Tx::new(&reader);
    tx.peek(EMAILS_INDEXED, &()).await.expect("read");
    tx.get(IMPORTING, &()).await.expect("read");
    assert!(tx.is_of_one_round_trip(), "the peek does not count");
    tx.get(SWEPT_UNTIL, &()).await.expect("read");
    assert!(!tx.is_of_one_round_trip());
    // A second look can make it a condition, and needs no round trip.
    reader.asked();
    tx.get(EMAILS_INDEXED, &()).await.expect("read");
    assert_eq!(reader.asked(), [0; 0]);
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
    let reader = Watched::default();
    let mut tx = Tx::new(&reader);
    tx.put(SWEPT_UNTIL, &(), &NOW).expect("written");
    assert_eq!(tx.get(SWEPT_UNTIL, &()).await, Ok(Some(NOW)));
    tx.clear(SWEPT_UNTIL, &());
    assert_eq!(tx.get(SWEPT_UNTIL, &()).await, Ok(None));
    assert_eq!(reader.asked(), [0; 0], "nothing was fetched");
    let change = tx.into_change();
    assert!(change.conditions.is_empty());
    assert_eq!(change.writes.into_values().collect::<Vec<_>>(), [None]);
}

/// An event's moment is part of the account's history: one page on the wire, and only the moment is
/// a condition.
#[tokio::test]
async fn a_range_within_one_that_was_fetched_needs_no_round_trip() {
    let user = UserId::from_bytes([1; 16]);
    let position = |at, nth| (user, AuditPosition { at, nth });
    let later = Timestamp::from_millis(NOW.as_millis() + 1);
    let mut reader = Watched::default();
    let writes = [position(NOW, 0), position(NOW, 1), position(later, 0)];
    let writes = writes.map(|key| (AUDIT_EVENTS.key(&key), Some(b"{}".to_vec())));
    reader.records.apply(writes.into());

    let mut tx = Tx::new(&reader);
    let all = tx.peek_keys(AUDIT_EVENTS.under(&user)).await;
    let newest_first = vec![position(later, 0), position(NOW, 1), position(NOW, 0)];
    assert_eq!(all, Ok(newest_first));
    let moment = AUDIT_EVENTS.under(&(user, NOW));
    let of_moment = tx.keys(moment.clone()).await;
    assert_eq!(of_moment, Ok(vec![position(NOW, 1), position(NOW, 0)]));
    assert_eq!(reader.asked(), [1]);
    let conditions = tx.into_change().conditions;
    assert!(conditions.keys().eq([&moment.read()]), "{conditions:?}");

    // A page that was cut says nothing of what lies beyond.
    let mut tx = Tx::new(&reader);
    tx.peek_keys(AUDIT_EVENTS.under(&user).limit(2))
        .await
        .expect("read");
    tx.keys(moment).await.expect("read");
    assert_eq!(reader.asked(), [1, 1]);
}

#[tokio::test]
async fn what_is_no_record_is_an_error_that_names_the_key() {
    let mut reader = Watched::default();
    let writes = [
        (SWEPT_UNTIL.key(&()), Some(b"soon".to_vec())),
        (b"n123".to_vec(), Some(Vec::new())),
    ];
    reader.records.apply(writes.into());
    let mut tx = Tx::new(&reader);
    let wrong = tx.get(SWEPT_UNTIL, &()).await.expect_err("not a moment");
    let said = wrong.to_string();
    assert!(said.contains("mswept") && !said.contains("soon"), "{said}");
    let wrong = tx.peek_keys(SESSIONS_OF_USER.all()).await;
    let said = wrong.expect_err("not a key").to_string();
    assert!(
        said.contains("n123") && said.contains("sessions_of_user"),
        "{said}"
    );
}

/// A reader that answers less than it was asked.
struct Mute;

#[async_trait]
impl Reader for Mute {
    async fn fetch(&self, _: &[Read]) -> Result<Vec<Found>, StoreError> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn a_missing_answer_is_an_error() {
    let mut tx = Tx::new(&Mute);
    let refused = tx.get(IMPORTING, &()).await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable(_))),
        "{refused:?}"
    );
}
