use std::fs;
use std::sync::Arc;
use std::time::Duration;

use latchkey_store::engine::{self, OperationFuture};
use latchkey_store::transaction::Tx;
use latchkey_store::{Denials as _, Maintenance as _, Store, StoreError};

use super::{OpenError, SledStore, open};

/// Opens a store, which must fail, and returns the error. Waits until sled has released its lock.
fn error(path: &std::path::Path) -> OpenError {
    loop {
        // sled releases its file lock some time after a store is dropped.
        match open(path).map(drop).expect_err("it was opened") {
            OpenError::InUse { .. } => std::thread::yield_now(),
            error => return error,
        }
    }
}

#[tokio::test]
async fn sled_store_passes_the_contract() {
    let directory = tempfile::tempdir().expect("a directory");
    let number = std::sync::atomic::AtomicUsize::new(0);
    latchkey_store::contract::check(|| async {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = directory.path().join(number.to_string());
        let store: Arc<dyn Store> = Arc::new(open(&path).expect("a store"));
        [Arc::clone(&store), store]
    })
    .await;
}

#[tokio::test]
async fn acknowledged_changes_survive_a_restart() {
    use latchkey_core::{Denial, DenialReason, Denied, SessionId, Timestamp};

    let directory = tempfile::tempdir().expect("a directory");
    let now = Timestamp::from_secs(1_800_000_000);
    let denial = Denial {
        denied: Denied::Session(SessionId::from_bytes([1; 16])),
        reason: DenialReason::SignedOut,
        at: now,
        until: now.plus(Duration::from_mins(1)),
        cutoff: None,
        note: None,
    };
    let store = open(directory.path()).expect("a store");
    store.deny(vec![denial.clone()]).await.expect("stored");
    drop(store);
    let again = reopened(directory.path());
    assert_eq!(again.live_denials(now).await, Ok(vec![denial]));
}

fn denial(number: u32) -> latchkey_core::Denial {
    use latchkey_core::{Denial, DenialReason, Denied, SessionId, Timestamp};

    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.wrapping_mul(0x9E37_79B9).to_be_bytes());
    let at = Timestamp::from_secs(1_800_000_000);
    Denial {
        denied: Denied::Session(SessionId::from_bytes(id)),
        reason: DenialReason::SignedOut,
        at,
        until: at.plus(Duration::from_secs(u64::from(number) + 600)),
        cutoff: None,
        note: None,
    }
}

/// A revoked token must not be revived by damaged bytes.
#[tokio::test]
async fn damage_anywhere_loses_no_denial_silently() {
    const DENIALS: u32 = 3000;
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(directory.path()).expect("a store");
    for first in (0..DENIALS).step_by(100) {
        store
            .deny((first..first + 100).map(denial).collect())
            .await
            .expect("stored");
    }
    drop(store);
    drop(reopened(directory.path()));
    let good = files_of(directory.path());
    let length = good
        .iter()
        .find(|(name, _)| name == "db")
        .expect("the file")
        .1
        .len();
    let now = denial(0).at;
    for step in 0..40 {
        let copy = tempfile::tempdir().expect("a directory");
        for (name, bytes) in &good {
            let mut bytes = bytes.clone();
            if name == "db" {
                let at = length * step / 40 + 17;
                for byte in &mut bytes[at..(at + 64).min(length)] {
                    *byte ^= 0xff;
                }
            }
            fs::write(copy.path().join(name), bytes).expect("written");
        }
        match open(copy.path()) {
            Err(OpenError::Damaged { .. }) => {}
            Err(error) => panic!("step {step}: {error}"),
            Ok(store) => match store.live_denials(now).await {
                Err(_) => {}
                Ok(live) => assert_eq!(live.len(), DENIALS as usize, "step {step}"),
            },
        }
    }
}

/// Damage that sled itself does not detect.
#[tokio::test]
async fn missing_or_altered_denial_is_detected() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(directory.path()).expect("a store");
    store
        .deny((0..9).map(denial).collect())
        .await
        .expect("stored");
    // A sweep updates the ledger.
    let swept = denial(3).until;
    assert_eq!(store.sweep(swept, 100).await, Ok(4));
    store
        .deny(vec![denial(5), denial(5)])
        .await
        .expect("stored");
    drop(store);
    drop(reopened(directory.path()));
    for (is_altered, expected) in [(false, "missing denials: 1"), (true, "denials differ")] {
        let copy = tempfile::tempdir().expect("a directory");
        for (name, bytes) in files_of(directory.path()) {
            fs::write(copy.path().join(name), bytes).expect("written");
        }
        let db = sled::open(copy.path()).expect("sled");
        let (key, value) = db
            .scan_prefix(latchkey_store::table::DENIALS.info().prefix)
            .next()
            .expect("one")
            .expect("read");
        db.remove(&key).expect("removed");
        if is_altered {
            let mut other = key.to_vec();
            other[5] ^= 1;
            db.insert(other, value).expect("inserted");
        }
        db.flush().expect("flushed");
        drop(db);
        let error = error(copy.path()).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn malformed_ledger_is_damage() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(directory.path()).expect("a store");
    store.deny(vec![denial(1)]).await.expect("stored");
    drop(store);
    drop(reopened(directory.path()));
    // Damage a copy, because sled might not have released its lock on the original yet.
    let copy = tempfile::tempdir().expect("a directory");
    for (name, bytes) in files_of(directory.path()) {
        fs::write(copy.path().join(name), bytes).expect("written");
    }
    let db = sled::open(copy.path()).expect("sled");
    db.insert(latchkey_store::table::SLED_LEDGER, &[0; 23])
        .expect("inserted");
    db.flush().expect("flushed");
    drop(db);
    let error = error(copy.path()).to_string();
    assert!(error.contains("23 bytes instead of 24"), "{error}");
}

fn files_of(path: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(path)
        .expect("a directory")
        .map(|entry| entry.expect("an entry"));
    entries
        .filter(|entry| entry.path().is_file())
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read(entry.path()).expect("read"))
        })
        .collect()
}

/// Opens a store again. sled releases its file lock when its last thread ends, shortly after the
/// store is dropped.
fn reopened(path: &std::path::Path) -> SledStore {
    loop {
        match open(path) {
            Err(OpenError::InUse { .. }) => std::thread::yield_now(),
            other => return other.expect("the store opens again"),
        }
    }
}

#[test]
fn store_that_is_already_open_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let _first = open(directory.path()).expect("a store");
    let error = open(directory.path()).map(drop).expect_err("it was opened");
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
}

#[test]
fn path_of_a_file_is_refused() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    assert!(matches!(error(file.path()), OpenError::Io { .. }));
}

#[test]
fn damaged_files_are_refused_and_a_missing_file_is_not_created() {
    let directory = tempfile::tempdir().expect("a directory");
    drop(open(directory.path()).expect("a store"));
    drop(reopened(directory.path()));
    let file = directory.path().join("db");
    let good = fs::read(&file).expect("read");

    for (what, bytes) in [
        ("emptied", Vec::new()),
        ("noise", good.iter().map(|byte| byte ^ 0x5a).collect()),
        ("zeroes", vec![0; good.len()]),
    ] {
        fs::write(&file, &bytes).expect("written");
        let error = error(directory.path());
        assert!(
            matches!(error, OpenError::Damaged { .. }),
            "{what}: {error}"
        );
    }
    fs::remove_file(&file).expect("removed");
    assert!(matches!(error(directory.path()), OpenError::Damaged { .. }));
    assert!(
        !file.exists(),
        "a store that lost its file was created again, empty"
    );
}

/// The error when sled reads a damaged or missing page.
fn unreadable<T>() -> Result<T, StoreError> {
    Err(StoreError::Stopped("Read corrupted data".to_owned()))
}

/// The error when an operation cannot decode a record.
fn corrupt() -> StoreError {
    StoreError::Corrupt {
        key: "a key".to_owned(),
        reason: "not valid JSON".to_owned(),
    }
}

/// Runs an operation that writes.
async fn write(
    store: &SledStore,
    operation: for<'t, 'a> fn(&'t mut Tx<'a>, &'t ()) -> OperationFuture<'t, ()>,
) -> Result<(), StoreError> {
    engine::Engine::write(store, (), operation).await
}

/// Runs an operation that reads.
async fn read(
    store: &SledStore,
    operation: for<'t, 'a> fn(&'t mut Tx<'a>, &'t ()) -> OperationFuture<'t, ()>,
) -> Result<(), StoreError> {
    engine::Engine::read(store, (), operation).await
}

#[tokio::test]
async fn read_errors_and_panics_stop_the_store() {
    let directory = tempfile::tempdir().expect("a directory");
    let opened = |name: &str| open(&directory.path().join(name)).expect("a store");
    let (reading, panicking, writing) = (opened("one"), opened("two"), opened("three"));
    let failed = read(&reading, |_, ()| Box::pin(async { unreadable() })).await;
    assert_eq!(failed, unreadable());
    let panicked = read(&panicking, |_, ()| {
        Box::pin(async { panic!("as sled may") })
    })
    .await;
    assert!(matches!(panicked, Err(StoreError::Stopped(_))));
    let written = write(&writing, |_, ()| Box::pin(async { unreadable() })).await;
    assert_eq!(written, unreadable());
    for store in [reading, panicking, writing] {
        let health = store.health().await;
        assert!(matches!(health, Err(StoreError::Stopped(_))), "{health:?}");
        let write = store.deny(Vec::new()).await;
        assert!(matches!(write, Err(StoreError::Stopped(_))), "{write:?}");
    }
    // A corrupt record is not a failure of sled.
    let store = opened("four");
    let failed = write(&store, |_, ()| Box::pin(async { Err(corrupt()) })).await;
    assert_eq!(failed, Err(corrupt()));
    assert_eq!(store.health().await, Ok(()));
}

/// An operation may await only its transaction. It is polled once, without a runtime, so any other
/// await would never complete.
#[tokio::test]
async fn operation_that_awaits_anything_but_its_transaction_fails() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(directory.path()).expect("a store");
    let waiting: for<'t, 'a> fn(&'t mut Tx<'a>, &'t ()) -> OperationFuture<'t, ()> = |tx, ()| {
        Box::pin(async move {
            tx.put(latchkey_store::table::IMPORTING, &(), &true)?;
            tokio::task::yield_now().await;
            Ok(())
        })
    };
    for refused in [write(&store, waiting).await, read(&store, waiting).await] {
        assert!(
            matches!(refused, Err(StoreError::Unavailable(_))),
            "{refused:?}"
        );
    }
    // Nothing was written, and the store still works.
    assert_eq!(store.id().await, Ok(None));
    assert_eq!(store.deny(vec![denial(1)]).await, Ok(vec![denial(1)]));
}

#[tokio::test]
async fn panic_of_the_writer_thread_stops_the_store() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(directory.path()).expect("a store");
    let panicked = write(&store, |_, ()| Box::pin(async { panic!("as sled may") })).await;
    assert!(matches!(panicked, Err(StoreError::Stopped(_))));
    // The caller may get its error before the failure is recorded.
    let stopped = async {
        while store.health().await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    let stopped = tokio::time::timeout(Duration::from_secs(10), stopped).await;
    stopped.expect("the store reports a failure");
}
