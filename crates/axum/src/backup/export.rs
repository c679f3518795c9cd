//! Writing a backup, page by page, while the server goes on.

use std::sync::Arc;

use bytes::Bytes;
use latchkey_store::{ExportCursor, Store, StoreError};
use latchkey_tokens::BackupKey;

use super::lines::Chain;

/// A backup on its way out. It holds whatever was acknowledged before it began, and some of what
/// happened since.
pub struct Export {
    store: Arc<dyn Store>,
    chain: Chain,
    step: Step,
}

enum Step {
    Begins,
    Goes(Option<ExportCursor>),
    Over,
}

impl Export {
    /// Of this store, authenticated with this key.
    pub fn of(store: Arc<dyn Store>, key: BackupKey) -> Self {
        Self {
            store,
            chain: Chain::authenticated(key),
            step: Step::Begins,
        }
    }

    /// How many records there were so far.
    pub fn records(&self) -> u64 {
        self.chain.records()
    }

    /// The next lines; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let mut lines = String::new();
        let from = match std::mem::replace(&mut self.step, Step::Over) {
            Step::Begins => {
                lines.push_str(&self.chain.head());
                None
            }
            Step::Goes(from) => from,
            Step::Over => return Ok(None),
        };
        let (records, next) = self.store.export(from).await?;
        for record in records {
            lines.push_str(&self.chain.line(record));
        }
        if next.is_some() {
            self.step = Step::Goes(next);
        } else {
            lines.push_str(&self.chain.foot());
        }
        Ok(Some(lines.into()))
    }
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export").finish_non_exhaustive()
    }
}
