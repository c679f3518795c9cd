//! How large sled becomes when denials come and go.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use latchkey_core::{Denial, DenialReason, Denied, SessionId, Timestamp};
use latchkey_store::Store as _;
use latchkey_tokens::SystemRng;

const TOTAL: u64 = 1_000_000;
const LIVE: u64 = 20_000;
/// How many are denied in one change, and freed in one sweep.
const AT_ONCE: u64 = 500;

/// Denies sessions one group after the other, each for so long that about `LIVE` of them are in
/// force at any moment, and sweeps as a server would, by a clock that goes with the work.
pub(crate) async fn run() -> Result<()> {
    println!(
        "\nsled's directory while {TOTAL} denials come and go, about {LIVE} of them in force:\n"
    );
    println!("| denied so far | in force | directory |");
    println!("|---:|---:|---:|");
    let folder = tempfile::tempdir()?;
    let store = latchkey_store_sled::open(folder.path())?;
    let life = Duration::from_secs(LIVE / AT_ONCE);
    let mut now = Timestamp::from_secs(1_800_000_000);
    for group in 1..=TOTAL / AT_ONCE {
        let denials = (0..AT_ONCE).map(|_| Denial {
            denied: Denied::Session(SessionId::random(&SystemRng)),
            reason: DenialReason::SignedOut,
            at: now,
            until: now.plus(life),
            cutoff: None,
        });
        store.deny(denials.collect()).await?;
        now = now.plus(Duration::from_secs(1));
        while store.sweep(now, usize::try_from(AT_ONCE)?).await? > 0 {}
        let done = group * AT_ONCE;
        if done.is_multiple_of(TOTAL / 10) {
            let in_force = store.live_denials(now).await?.len();
            let size = size_of(folder.path())? / 1_000_000;
            println!("| {done} | {in_force} | {size} MB |");
        }
    }
    Ok(())
}

/// All files below this folder, in bytes.
pub(crate) fn size_of(folder: &Path) -> Result<u64> {
    let mut size = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        size += if metadata.is_dir() {
            size_of(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(size)
}
