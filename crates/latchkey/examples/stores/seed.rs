//! Writes denials to the store of a data directory, for measurements.

use core::time::Duration;
use std::path::Path;

use anyhow::Result;
use latchkey::cli::Overrides;
use latchkey::config;
use latchkey_axum::internals::data_dir;
use latchkey_axum::{Latchkey, SystemClock};
use latchkey_core::{Clock as _, Denial, DenialReason, Denied, SessionId};
use latchkey_tokens::SystemRng;

/// The maximum number of denials in one call to the store.
const BATCH: u64 = 10_000;

/// Denies random sessions, for longer than a measurement takes.
pub(crate) async fn run(data_dir: &Path, denials: u64) -> Result<()> {
    data_dir::keep_private();
    let overrides = Overrides {
        config: None,
        data_dir: Some(data_dir.to_owned()),
    };
    let config = config::load_for(&overrides, std::env::vars_os())?;
    data_dir::create_private(&config.data_dir)?;
    // Also creates the master key, which the measured server needs.
    let latchkey = Latchkey::builder("http://localhost")
        .store(config.store())
        .master_key(config.master_key())
        .open()
        .await?;
    let store = &latchkey.services().store;
    let now = SystemClock.now();
    let until = now.plus(Duration::from_hours(24));
    let mut left = denials;
    while left > 0 {
        let count = left.min(BATCH);
        let denials = (0..count)
            .map(|_| Denial {
                denied: Denied::Session(SessionId::random(&SystemRng)),
                reason: DenialReason::SignedOut,
                at: now,
                until,
                cutoff: None,
                note: None,
            })
            .collect();
        store.deny(denials).await?;
        left -= count;
    }
    latchkey.shutdown().await;
    Ok(())
}
