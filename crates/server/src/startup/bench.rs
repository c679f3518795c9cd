//! Fills a store, and keeps it busy, to measure with.

use core::time::Duration;
use std::path::Path;

use latchkey_core::{Clock as _, Denial, DenialReason, Denied, SessionId, Timestamp};
use latchkey_tokens::SystemRng;

use super::{make_data_dir, master_key, say, store};
use crate::cli::{BenchChurn, BenchSeed};
use crate::clock::SystemClock;
use crate::config;

/// Denies sessions that nobody has, for as long as a measurement may take.
pub(super) async fn seed(seed: &BenchSeed) -> anyhow::Result<()> {
    const AT_ONCE: u64 = 10_000;
    let config = config::load_for(&seed.overrides, std::env::vars())?;
    make_data_dir(&config)?;
    // The server that is to be measured over this store needs the key to be there first.
    master_key::load(&config, &SystemRng)?;
    let store = store::open(&config).await?;
    let now = SystemClock.now();
    let until = now.plus(Duration::from_hours(24));
    let mut left = seed.denials;
    while left > 0 {
        let count = left.min(AT_ONCE);
        let denials = (0..count).map(|_| denial(now, until)).collect();
        store.deny(denials).await?;
        left -= count;
    }
    say(&format!("{} denials stored", seed.denials));
    Ok(())
}

/// Denies `total` sessions one group after the other, each for so long that about `live` of them
/// are in force at any moment, and sweeps as a server would, by a clock that goes with the work.
pub(super) async fn churn(churn: &BenchChurn) -> anyhow::Result<()> {
    const AT_ONCE: u64 = 500;
    const SWEEP: usize = 500;
    let config = config::load_for(&churn.overrides, std::env::vars())?;
    make_data_dir(&config)?;
    master_key::load(&config, &SystemRng)?;
    let store = store::open(&config).await?;
    let step = Duration::from_secs(1);
    let life = Duration::from_secs(churn.live / AT_ONCE);
    let mut now = SystemClock.now();
    for group in 0..churn.total / AT_ONCE {
        let denials = (0..AT_ONCE).map(|_| denial(now, now.plus(life)));
        store.deny(denials.collect()).await?;
        now = now.plus(step);
        while store.sweep(now, SWEEP).await? == SWEEP {}
        let done = (group + 1) * AT_ONCE;
        if done.is_multiple_of((churn.total / 10).max(AT_ONCE)) {
            let size = size_of(&config.data_dir)?;
            let denials = store.live_denials(now).await?.len();
            say(&format!("{done} denials, {denials} live, {size} bytes"));
        }
    }
    Ok(())
}

fn denial(at: Timestamp, until: Timestamp) -> Denial {
    Denial {
        denied: Denied::Session(SessionId::random(&SystemRng)),
        reason: DenialReason::SignedOut,
        at,
        until,
    }
}

/// All files below this folder, in bytes.
fn size_of(folder: &Path) -> anyhow::Result<u64> {
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
