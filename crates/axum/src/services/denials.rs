//! Reads the denials of a store into the denylist in memory.

use latchkey_guard::Denylist;
use latchkey_store::{Store, StoreError};

/// How many denials are read at once.
const PAGE: usize = 10_000;

/// Adds every denial of the store. Expired ones too, because the clock may be set back; the sweeps
/// free them.
pub async fn load(denylist: &Denylist, store: &dyn Store) -> Result<(), StoreError> {
    denylist.note_sweep(store.swept_until().await?);
    let mut after = None;
    loop {
        let (page, next) = store.denials(after, PAGE).await?;
        for denial in &page {
            denylist.insert(denial);
        }
        if next.is_none() {
            return Ok(());
        }
        after = next;
    }
}
