//! Reads an index chunk by chunk for one page of a list, with bounded work.

use crate::error::StoreError;
use crate::search::ListCursor;
use crate::table::{Key, Range, Value};
use crate::transaction::Tx;

/// A page ends once it has read this many entries of the index.
const MAX_SCANNED: usize = 1000;
/// How many entries a chunk contains, except the first, which contains as many as the page.
const CHUNK_SIZE: usize = 250;

/// A scan of a range of an index. Nothing that it reads becomes a condition.
pub(super) struct IndexScan<K, V> {
    range: Range<K, V>,
    after: Option<Vec<u8>>,
    size: usize,
    scanned: usize,
}

/// Whether the page ends after a chunk.
pub(super) enum PageEnd {
    /// No: the next chunk may contain more.
    More,
    /// Yes; the next page begins here, if there is one.
    Ended(Option<ListCursor>),
}

impl<K: Key, V: Value> IndexScan<K, V> {
    /// Begins after a cursor. `None` if the cursor belongs to another list.
    pub(super) fn begin(
        range: Range<K, V>,
        before: Option<&ListCursor>,
        limit: usize,
    ) -> Option<Self> {
        let after = before.map(|cursor| cursor.0.clone());
        let is_of_range = |key: &Vec<u8>| key.starts_with(range.prefix());
        after.as_ref().is_none_or(is_of_range).then(|| Self {
            range,
            after,
            size: limit.clamp(1, MAX_SCANNED),
            scanned: 0,
        })
    }

    /// The next entries.
    pub(super) async fn chunk(&mut self, tx: &mut Tx<'_>) -> Result<Vec<K>, StoreError> {
        let after = self.after.take();
        tx.peek_keys(self.range.clone().after(after).limit(self.size))
            .await
    }

    /// The position after an entry.
    pub(super) fn cursor(&self, key: &K) -> ListCursor {
        ListCursor(self.range.table().key(key))
    }

    /// Whether the page ends after these entries, which did not fill it.
    pub(super) fn end_after(&mut self, keys: &[K]) -> PageEnd {
        self.scanned += keys.len();
        let last = keys.last().map(|key| self.range.table().key(key));
        let next = last.filter(|_| keys.len() == self.size);
        if next.is_none() || self.scanned >= MAX_SCANNED {
            return PageEnd::Ended(next.map(ListCursor));
        }
        (self.after, self.size) = (next, CHUNK_SIZE);
        PageEnd::More
    }
}
