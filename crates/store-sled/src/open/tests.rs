use std::fs;
use std::sync::Arc;
use std::time::Duration;

use latchkey_store::engine::{self, Running};
use latchkey_store::transaction::Tx;
use latchkey_store::{Denials as _, Maintenance as _, Store, StoreError};

use super::{OpenError, SledStore, open};

/// Why a store that nobody else has open does not open.
fn error(path: &std::path::Path) -> OpenError {
    loop {
        // Sled lets go of its file some time after a store is dropped.
        match open(path).map(drop).expect_err("it was opened") {
            OpenError::InUse { .. } => std::thread::yield_now(),
            error => return error,
        }
    }
}

#[tokio::test]
async fn keeps_the_contract() {
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
async fn what_was_acknowledged_is_there_after_a_restart() {
    use latchkey_core::{Denial, DenialReason, Denied, SessionId, Timestamp};

    let directory = tempfile::tempdir().expect("a directory");
    let now = Timestamp::from_secs(1_800_000_000);
    let denial = Denial {
        denied: Denied::Session(SessionId::from_bytes([1; 16])),
        reason: DenialReason::SignedOut,
        at: now,
        until: now.plus(Duration::from_mins(1)),
        cutoff: None,
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
    }
}

/// A revoked token must not come back to life because some bytes of a file changed.
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

/// What sled itself would not miss.
#[tokio::test]
async fn a_denial_that_is_gone_or_another_one_is_missed() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(directory.path()).expect("a store");
    store
        .deny((0..9).map(denial).collect())
        .await
        .expect("stored");
    // Some that end are swept: the ledger follows.
    let swept = denial(3).until;
    assert_eq!(store.sweep(swept, 100).await, Ok(4));
    store
        .deny(vec![denial(5), denial(5)])
        .await
        .expect("stored");
    drop(store);
    drop(reopened(directory.path()));
    for (number, expected) in [(1, "1 of its denials are gone"), (0, "are not the ones")] {
        let copy = tempfile::tempdir().expect("a directory");
        for (name, bytes) in files_of(directory.path()) {
            fs::write(copy.path().join(name), bytes).expect("written");
        }
        let db = sled::open(copy.path()).expect("sled");
        let (key, value) = db
            .scan_prefix(latchkey_store::table::DENIALS.kind().prefix)
            .next()
            .expect("one")
            .expect("read");
        db.remove(&key).expect("removed");
        if number == 0 {
            let mut other = key.to_vec();
            other[5] ^= 1;
            db.insert(other, value).expect("inserted");
        }
        db.flush().expect("flushed");
        drop(db);
        let said = error(copy.path()).to_string();
        assert!(said.contains(expected), "{said}");
    }
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

/// sled lets go of its lock when its last thread ends, a moment after the store is dropped.
fn reopened(path: &std::path::Path) -> SledStore {
    loop {
        match open(path) {
            Err(OpenError::InUse { .. }) => std::thread::yield_now(),
            other => return other.expect("the store opens again"),
        }
    }
}

#[test]
fn a_second_process_gets_one_clear_sentence() {
    let directory = tempfile::tempdir().expect("a directory");
    let _first = open(directory.path()).expect("a store");
    let error = open(directory.path()).map(drop).expect_err("it was opened");
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
}

#[test]
fn a_path_that_is_no_directory_is_refused() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    assert!(matches!(error(file.path()), OpenError::Io { .. }));
}

#[test]
fn damaged_files_are_refused_and_left_as_they_are() {
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
        "a store that lost its file was made anew, empty"
    );
}

/// An error as sled gives it while it reads: a page that is damaged, or not there.
fn unreadable<T>() -> Result<T, StoreError> {
    Err(StoreError::Stopped("Read corrupted data".to_owned()))
}

/// What an operation finds wrong with a record.
fn corrupt() -> StoreError {
    StoreError::Corrupt {
        key: "a key".to_owned(),
        reason: "no JSON".to_owned(),
    }
}

/// Runs an operation that writes.
async fn write(
    store: &SledStore,
    operation: for<'t, 'a> fn(&'t mut Tx<'a>, &'t ()) -> Running<'t, ()>,
) -> Result<(), StoreError> {
    engine::Engine::write(store, (), operation).await
}

/// Runs an operation that reads.
async fn read(
    store: &SledStore,
    operation: for<'t, 'a> fn(&'t mut Tx<'a>, &'t ()) -> Running<'t, ()>,
) -> Result<(), StoreError> {
    engine::Engine::read(store, (), operation).await
}

#[tokio::test]
async fn what_cannot_be_read_is_a_failure_of_the_store() {
    let folder = tempfile::tempdir().expect("a directory");
    let opened = |name: &str| open(&folder.path().join(name)).expect("a store");
    let (reading, panicking, writing) = (opened("one"), opened("two"), opened("three"));
    let read_it = read(&reading, |_, ()| Box::pin(async { unreadable() })).await;
    assert_eq!(read_it, unreadable());
    let panicked = read(&panicking, |_, ()| {
        Box::pin(async { panic!("as sled can") })
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
    // What an operation finds wrong with a record is no failure of sled.
    let store = opened("four");
    let failed = write(&store, |_, ()| Box::pin(async { Err(corrupt()) })).await;
    assert_eq!(failed, Err(corrupt()));
    assert_eq!(store.health().await, Ok(()));
}

/// An operation may await nothing but the store: the writing thread has no runtime, and would wait
/// for ever.
#[tokio::test]
async fn an_operation_that_waits_for_something_else_is_an_error() {
    let folder = tempfile::tempdir().expect("a directory");
    let store = open(folder.path()).expect("a store");
    let waiting: for<'t, 'a> fn(&'t mut Tx<'a>, &'t ()) -> Running<'t, ()> = |tx, ()| {
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
    // Nothing of it was written, and the store goes on.
    assert_eq!(store.id().await, Ok(None));
    assert_eq!(store.deny(vec![denial(1)]).await, Ok(()));
}

#[tokio::test]
async fn a_panic_of_the_writing_thread_is_a_failure_of_the_store() {
    let folder = tempfile::tempdir().expect("a directory");
    let store = open(folder.path()).expect("a store");
    let panicked = write(&store, |_, ()| Box::pin(async { panic!("as sled can") })).await;
    assert!(matches!(panicked, Err(StoreError::Stopped(_))));
    // The thread tells its callers first.
    let noticed = async {
        while store.health().await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    let noticed = tokio::time::timeout(Duration::from_secs(10), noticed).await;
    noticed.expect("it is not ready");
}
