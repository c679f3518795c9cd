//! Loads the denials of a store into the denylist in memory.

use latchkey_guard::Denylist;
use latchkey_store::{Store, StoreError};

/// How many denials are read at a time.
const PAGE_SIZE: usize = 10_000;

/// Adds all denials of the store, including expired ones, because the clock may be set back. Sweeps
/// delete them later.
pub async fn load(denylist: &Denylist, store: &dyn Store) -> Result<(), StoreError> {
    denylist.note_sweep(store.swept_until().await?);
    let mut after = None;
    loop {
        let (page, next) = store.denials(after, PAGE_SIZE).await?;
        for denial in &page {
            denylist.insert(denial);
        }
        if next.is_none() {
            return Ok(());
        }
        after = next;
    }
}
