//! A store that was damaged: never begun anew, never made worse, never quietly smaller.

use std::fs;
use std::path::Path;

use super::used::{Used, contents, says};

/// Bytes that mean nothing.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    (0..length)
        .map(|_| {
            // A linear congruential generator (Numerical Recipes) is noise enough.
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .collect()
}

/// The file with noise in place of a part of it.
fn spoilt(good: &[u8], from: usize, to: usize) -> Vec<u8> {
    let mut bytes = good.to_vec();
    bytes[from..to].copy_from_slice(&noise(to - from));
    bytes
}

/// Ways to lose the beginning, which no store survives.
fn damages(good: &[u8]) -> [(&'static str, Vec<u8>); 4] {
    [
        ("noise", noise(good.len())),
        ("a spoilt beginning", spoilt(good, 0, 512)),
        ("zeroes", vec![0; good.len()]),
        ("nothing", Vec::new()),
    ]
}

#[tokio::test]
async fn a_damaged_store_is_refused_and_can_be_restored() {
    let used = Used::new().await;
    let backup = contents(&used.data_dir());
    let good = fs::read(used.data_dir().join("store/db")).expect("read");
    for (_, bad) in damages(&good) {
        fs::write(used.data_dir().join("store/db"), bad).expect("written");
        says(&used.start_is_refused(), &["store", "damaged"]);
        restore(&used.data_dir().join("store"), &backup);
    }
    used.is_unharmed().await;
}

#[tokio::test]
async fn a_damaged_store_is_left_as_it_is() {
    let used = Used::new().await;
    let backup = contents(&used.data_dir());
    let good = fs::read(used.data_dir().join("store/db")).expect("read");
    for (what, bad) in damages(&good) {
        let file = used.data_dir().join("store/db");
        fs::write(&file, &bad).expect("written");
        let said = used.start_is_refused();
        let left = fs::read(&file).expect("read");
        assert!(left == bad, "{what} was changed: {said}");
        restore(&used.data_dir().join("store"), &backup);
    }
}

#[tokio::test]
async fn a_store_that_lost_records_is_refused() {
    let used = Used::new().await;
    let backup = contents(&used.data_dir());
    let good = fs::read(used.data_dir().join("store/db")).expect("read");
    let records = good.iter().rposition(|byte| *byte != 0).expect("records") + 1;
    for bad in [
        spoilt(&good, records / 2, records),
        good[..records / 2].to_vec(),
    ] {
        fs::write(used.data_dir().join("store/db"), bad).expect("written");
        says(&used.start_is_refused(), &["store", "damaged"]);
        restore(&used.data_dir().join("store"), &backup);
    }
}

/// Puts a backup in the place of the store.
fn restore(store: &Path, backup: &std::collections::BTreeMap<std::path::PathBuf, Vec<u8>>) {
    fs::remove_dir_all(store).expect("removed");
    for (path, bytes) in backup.iter().filter(|(path, _)| path.starts_with(store)) {
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, bytes).expect("written");
    }
}

#[tokio::test]
async fn a_store_whose_records_are_missing_is_not_begun_anew() {
    let used = Used::new().await;
    let db = used.data_dir().join("store/db");
    let aside = used.folder.path().join("aside");
    fs::rename(&db, &aside).expect("moved");
    says(
        &used.start_is_refused_untouched(),
        &["store", "damaged", "missing"],
    );
    fs::rename(&aside, &db).expect("moved");
    used.is_unharmed().await;
}

/// Found by `crash`: a kill between making the file and renaming it, some once in 2,000 starts.
#[tokio::test]
async fn a_snapshot_that_a_kill_cut_off_was_taken_for_damage() {
    let used = Used::new().await;
    let left = used
        .data_dir()
        .join("store/snap.7FFFFFFFFFFFFFFF.generating");
    fs::write(&left, "").expect("written");
    used.is_unharmed().await;
    assert!(!left.exists());
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_refused() {
    let used = Used::new().await;
    let db = used.data_dir().join("store/db");
    let aside = used.folder.path().join("aside");
    fs::rename(&db, &aside).expect("moved");
    // Permissions stop nobody who is root; a folder in the place of a file stops everybody.
    fs::create_dir(&db).expect("made");
    says(
        &used.start_is_refused_untouched(),
        &[used.data_dir().to_str().expect("UTF-8")],
    );
    fs::remove_dir(&db).expect("removed");
    fs::rename(&aside, &db).expect("moved");
    used.is_unharmed().await;
}
