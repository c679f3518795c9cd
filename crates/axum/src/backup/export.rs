//! Exports a backup page by page while the store is in use.

use std::sync::Arc;

use bytes::Bytes;
use latchkey_store::{ExportCursor, Store, StoreError};
use latchkey_tokens::BackupKey;

use super::lines::Chain;

/// A backup in progress. It contains all changes acknowledged before it began, and some of the
/// later ones.
pub struct Export {
    store: Arc<dyn Store>,
    chain: Chain,
    step: Step,
}

enum Step {
    Start,
    Continue(Option<ExportCursor>),
    End,
}

impl Export {
    /// Starts a backup of this store, authenticated with this key.
    pub fn of(store: Arc<dyn Store>, key: BackupKey) -> Self {
        Self {
            store,
            chain: Chain::authenticated(key),
            step: Step::Start,
        }
    }

    /// The number of records exported so far.
    pub fn records(&self) -> u64 {
        self.chain.records()
    }

    /// Exports the next lines; `None` after the last ones.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails. The backup is then incomplete and cannot be imported.
    pub async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let mut lines = String::new();
        let from = match std::mem::replace(&mut self.step, Step::End) {
            Step::Start => {
                lines.push_str(&self.chain.header());
                None
            }
            Step::Continue(from) => from,
            Step::End => return Ok(None),
        };
        let (records, next) = self.store.export(from).await?;
        for record in records {
            lines.push_str(&self.chain.line(record));
        }
        if next.is_some() {
            self.step = Step::Continue(next);
        } else {
            lines.push_str(&self.chain.footer());
        }
        Ok(Some(lines.into()))
    }
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export").finish_non_exhaustive()
    }
}
