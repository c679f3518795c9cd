use std::fs;

use super::{OpenError, SledStore, open};

fn error(path: &std::path::Path) -> OpenError {
    open(path).map(drop).expect_err("it was opened")
}

#[tokio::test]
async fn keeps_the_contract() {
    let directory = tempfile::tempdir().expect("a directory");
    let number = std::sync::atomic::AtomicUsize::new(0);
    latchkey_store::contract::check(|| async {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        open(&directory.path().join(number.to_string())).expect("a store")
    })
    .await;
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    use latchkey_core::{Denial, DenialReason, Denied, SessionId, Timestamp};
    use latchkey_store::Store as _;

    let directory = tempfile::tempdir().expect("a directory");
    let now = Timestamp::from_secs(1_800_000_000);
    let denial = Denial {
        denied: Denied::Session(SessionId::from_bytes([1; 16])),
        reason: DenialReason::SignedOut,
        at: now,
        until: now.plus(std::time::Duration::from_mins(1)),
    };
    let store = open(directory.path()).expect("a store");
    store.deny(vec![denial.clone()]).await.expect("stored");
    drop(store);
    let again = reopened(directory.path());
    assert_eq!(again.live_denials(now).await, Ok(vec![denial]));
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
    let error = error(directory.path());
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
