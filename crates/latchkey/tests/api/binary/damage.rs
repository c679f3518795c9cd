//! A damaged store is never replaced, never damaged further, and never silently missing records.

use std::fs;
use std::path::Path;

use super::seeded_data_dir::{SeededDataDir, assert_one_line, contents};

/// Pseudorandom bytes.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    (0..length)
        .map(|_| {
            // A linear congruential generator (Numerical Recipes).
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .collect()
}

/// The file with the bytes `from..to` overwritten by noise.
fn with_noise(intact: &[u8], from: usize, to: usize) -> Vec<u8> {
    let mut bytes = intact.to_vec();
    bytes[from..to].copy_from_slice(&noise(to - from));
    bytes
}

/// Damaged variants of the file. In each, the beginning is lost.
fn damaged_variants(intact: &[u8]) -> [(&'static str, Vec<u8>); 4] {
    [
        ("noise", noise(intact.len())),
        ("an overwritten beginning", with_noise(intact, 0, 512)),
        ("zeroes", vec![0; intact.len()]),
        ("an empty file", Vec::new()),
    ]
}

#[tokio::test]
async fn a_damaged_store_is_refused_and_can_be_restored() {
    let seeded = SeededDataDir::new().await;
    let backup = contents(&seeded.data_dir());
    let intact = fs::read(seeded.data_dir().join("store/db")).expect("read");
    for (_, damaged) in damaged_variants(&intact) {
        fs::write(seeded.data_dir().join("store/db"), damaged).expect("written");
        assert_one_line(&seeded.refused_start(), &["store", "damaged"]);
        restore(&seeded.data_dir().join("store"), &backup);
    }
    seeded.assert_unharmed().await;
}

#[tokio::test]
async fn a_damaged_store_is_not_changed() {
    let seeded = SeededDataDir::new().await;
    let backup = contents(&seeded.data_dir());
    let intact = fs::read(seeded.data_dir().join("store/db")).expect("read");
    for (what, damaged) in damaged_variants(&intact) {
        let file = seeded.data_dir().join("store/db");
        fs::write(&file, &damaged).expect("written");
        let stderr = seeded.refused_start();
        let after = fs::read(&file).expect("read");
        assert!(
            after == damaged,
            "the damaged file ({what}) was changed: {stderr}"
        );
        restore(&seeded.data_dir().join("store"), &backup);
    }
}

#[tokio::test]
async fn a_store_that_lost_records_is_refused() {
    let seeded = SeededDataDir::new().await;
    let backup = contents(&seeded.data_dir());
    let intact = fs::read(seeded.data_dir().join("store/db")).expect("read");
    let records = intact.iter().rposition(|byte| *byte != 0).expect("records") + 1;
    for damaged in [
        with_noise(&intact, records / 2, records),
        intact[..records / 2].to_vec(),
    ] {
        fs::write(seeded.data_dir().join("store/db"), damaged).expect("written");
        assert_one_line(&seeded.refused_start(), &["store", "damaged"]);
        restore(&seeded.data_dir().join("store"), &backup);
    }
}

/// Replaces the store with a backup.
fn restore(store: &Path, backup: &std::collections::BTreeMap<std::path::PathBuf, Vec<u8>>) {
    fs::remove_dir_all(store).expect("removed");
    for (path, bytes) in backup.iter().filter(|(path, _)| path.starts_with(store)) {
        fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        fs::write(path, bytes).expect("written");
    }
}

#[tokio::test]
async fn a_store_without_its_records_file_is_not_replaced_by_a_new_one() {
    let seeded = SeededDataDir::new().await;
    let db = seeded.data_dir().join("store/db");
    let aside = seeded.folder.path().join("aside");
    fs::rename(&db, &aside).expect("moved");
    assert_one_line(
        &seeded.refused_start_changes_nothing(),
        &["store", "damaged", "missing"],
    );
    fs::rename(&aside, &db).expect("moved");
    seeded.assert_unharmed().await;
}

/// The crash test found this in about one in 2,000 starts: the server was killed between creating
/// and renaming the snapshot file.
#[tokio::test]
async fn regression_an_incomplete_snapshot_is_not_mistaken_for_damage() {
    let seeded = SeededDataDir::new().await;
    let incomplete = seeded
        .data_dir()
        .join("store/snap.7FFFFFFFFFFFFFFF.generating");
    fs::write(&incomplete, "").expect("written");
    seeded.assert_unharmed().await;
    assert!(!incomplete.exists());
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_refused() {
    let seeded = SeededDataDir::new().await;
    let db = seeded.data_dir().join("store/db");
    let aside = seeded.folder.path().join("aside");
    fs::rename(&db, &aside).expect("moved");
    // Root ignores permissions, but cannot read a folder as a file either.
    fs::create_dir(&db).expect("created");
    assert_one_line(
        &seeded.refused_start_changes_nothing(),
        &[seeded.data_dir().to_str().expect("UTF-8")],
    );
    fs::remove_dir(&db).expect("removed");
    fs::rename(&aside, &db).expect("moved");
    seeded.assert_unharmed().await;
}
