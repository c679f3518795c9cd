//! The memory that sled needs for large changes. This is a separate test binary because it measures
//! the whole process.
#![cfg(target_os = "linux")]

use std::error::Error;
use std::fs;

use latchkey_core::{AuditRecord, ServerAct, Timestamp, UserId};
use latchkey_store::AuditLog as _;

/// How many records one change writes, as when a backup is restored.
const BATCH: u64 = 2000;
const BATCHES: u64 = 40;
/// sled's cache is limited to 64 MiB. Without garbage collection after each batch, the process grows
/// by about 380 MiB.
const MAX_GROWTH_KIB: u64 = 160 * 1024;

#[tokio::test]
async fn replaced_pages_are_freed_while_large_changes_are_written() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let store = latchkey_store_sled::open(directory.path())?;
    let before = resident_kib()?;
    for batch in 0..BATCHES {
        let records = (batch * BATCH..(batch + 1) * BATCH).map(record);
        store.record_audit(records.collect()).await?;
    }
    let grown = resident_kib()?.saturating_sub(before);
    assert!(
        grown < MAX_GROWTH_KIB,
        "the process grew by {grown} KiB while {BATCHES} batches of {BATCH} records were written"
    );
    Ok(())
}

fn record(number: u64) -> AuditRecord {
    let at = Timestamp::from_secs(1_800_000_000 + number);
    AuditRecord {
        // Spreads the index of users over many pages.
        user: Some(UserId::from_bytes(u128::from(number % 1000).to_be_bytes())),
        detail: Some("x".repeat(200)),
        ..AuditRecord::new(at, ServerAct::Refreshed)
    }
}

/// The resident memory of this process, in KiB.
fn resident_kib() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let amount = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(amount.ok_or("no VmRSS")?.parse()?)
}
