//! Fills a store, to measure with.

use core::time::Duration;

use latchkey_core::{Clock as _, Denial, DenialReason, Denied, SessionId};
use latchkey_tokens::SystemRng;

use super::{data_dir, master_key, say, store};
use crate::cli::BenchSeed;
use crate::clock::SystemClock;
use crate::config;

/// Denies sessions that nobody has, for as long as a measurement may take.
pub(super) async fn run(seed: &BenchSeed) -> anyhow::Result<()> {
    const AT_ONCE: u64 = 10_000;
    let config = config::load_for(&seed.overrides, std::env::vars_os())?;
    data_dir::make(&config.data_dir)?;
    // The server that is to be measured over this store needs the key to be there first.
    master_key::load(&config, &SystemRng)?;
    let store = store::open(&config).await?;
    let now = SystemClock.now();
    let until = now.plus(Duration::from_hours(24));
    let mut left = seed.denials;
    while left > 0 {
        let count = left.min(AT_ONCE);
        let denials = (0..count)
            .map(|_| Denial {
                denied: Denied::Session(SessionId::random(&SystemRng)),
                reason: DenialReason::SignedOut,
                at: now,
                until,
                cutoff: None,
            })
            .collect();
        store.deny(denials).await?;
        left -= count;
    }
    say(&format!("{} denials stored", seed.denials));
    Ok(())
}
