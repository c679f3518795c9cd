//! A store in memory, for tests. It persists nothing.
//!
//! ```
//! use latchkey_core::{Denial, DenialReason, Denied, SessionId, Timestamp};
//! use latchkey_store::{Denials as _, MemoryStore, StoreError};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), StoreError> {
//! let now = Timestamp::from_secs(1_800_000_000);
//! let denial = Denial {
//!     denied: Denied::Session(SessionId::from_bytes([7; 16])),
//!     reason: DenialReason::SignedOut,
//!     at: now,
//!     until: Timestamp::from_secs(now.as_secs() + 720),
//!     cutoff: None,
//!     note: None,
//! };
//! let store = MemoryStore::empty();
//! store.deny(vec![denial.clone()]).await?;
//! assert_eq!(store.live_denials(now).await?, [denial]);
//! # Ok(())
//! # }
//! ```

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::engine::{Engine, Operation, run_in_place};
use crate::error::StoreError;
use crate::records::{Found, Read, Reader, Writes};
use crate::transaction::Tx;

/// A store in memory: a sorted map behind a mutex.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Records>);

/// A sorted map of records.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records(BTreeMap<Vec<u8>, Vec<u8>>);

impl MemoryStore {
    /// An empty store.
    pub fn empty() -> Self {
        Self::default()
    }

    /// All keys and values.
    #[cfg(test)]
    pub(crate) fn pairs(&self) -> Vec<crate::records::Pair> {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pairs = records.0.iter();
        pairs
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// Whether the store has no records.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.0.is_empty()
    }
}

impl Records {
    pub(crate) fn read(&self, read: &Read) -> Found {
        match read {
            Read::Value(key) => Found::Value(self.0.get(key).cloned()),
            Read::Page(page) => {
                let pairs = self.0.range::<[u8], _>(page.bounds());
                let pairs = pairs.map(Ok::<_, Infallible>);
                let Ok(page) = page.take_from(pairs);
                Found::Page(page)
            }
        }
    }

    pub(crate) fn apply(&mut self, writes: Writes) {
        for (key, value) in writes {
            match value {
                Some(value) => self.0.insert(key, value),
                None => self.0.remove(&key),
            };
        }
    }
}

#[async_trait]
impl Reader for Records {
    async fn fetch(&self, reads: &[Read]) -> Result<Vec<Found>, StoreError> {
        Ok(reads.iter().map(|it| self.read(it)).collect())
    }
}

impl Engine for MemoryStore {
    async fn write<A: Send + Sync + 'static, T: Send + 'static>(
        &self,
        arguments: A,
        operation: Operation<A, T>,
    ) -> Result<T, StoreError> {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tx = Tx::new(&*records);
        let value = run_in_place(operation(&mut tx, &arguments))?;
        let writes = tx.into_change().writes;
        records.apply(writes);
        Ok(value)
    }

    async fn read<A: Send + Sync + 'static, T: Send + 'static>(
        &self,
        arguments: A,
        operation: Operation<A, T>,
    ) -> Result<T, StoreError> {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        run_in_place(operation(&mut Tx::new(&*records), &arguments))
    }

    async fn health(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::MemoryStore;
    use crate::store::Store;

    #[tokio::test]
    async fn memory_store_passes_the_contract() {
        crate::contract::check(|| async {
            let store: Arc<dyn Store> = Arc::new(MemoryStore::empty());
            [Arc::clone(&store), store]
        })
        .await;
    }
}
