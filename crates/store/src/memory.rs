//! A store that forgets when the process ends: for tests, and to measure against.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::error::StoreError;
use crate::keyspace::{self, Engine, KeyValueStore, Pair, Transaction, View};

/// A store in memory.
pub type MemoryStore = KeyValueStore<Memory>;

/// The engine in memory: a sorted map behind a lock.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Records>);

type Records = BTreeMap<Vec<u8>, Vec<u8>>;

impl MemoryStore {
    /// An empty store.
    pub fn empty() -> Self {
        KeyValueStore(Memory::default())
    }
}

impl View for Records {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(Self::get(self, key).cloned())
    }

    fn page(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Pair>, StoreError> {
        Ok(self
            .range::<[u8], _>(keyspace::from(prefix, after))
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(limit)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect())
    }
}

impl Engine for Memory {
    async fn write<T: Send + 'static>(
        &self,
        operation: impl Fn(&mut Transaction<'_>) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tx = Transaction::new(&*records);
        let answer = operation(&mut tx)?;
        for (key, value) in tx.into_writes() {
            match value {
                Some(value) => records.insert(key, value),
                None => records.remove(&key),
            };
        }
        Ok(answer)
    }

    async fn read<T: Send + 'static>(
        &self,
        operation: impl Fn(&dyn View) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        operation(&*self.0.lock().unwrap_or_else(PoisonError::into_inner))
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
    async fn keeps_the_contract() {
        crate::contract::check(|| async {
            let store: Arc<dyn Store> = Arc::new(MemoryStore::empty());
            [Arc::clone(&store), store]
        })
        .await;
    }
}
