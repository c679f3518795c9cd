//! A bounded memory of ids that may be used once.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ahash::RandomState;
use latchkey_core::Timestamp;

/// Remembers used ids until they expire. When it is full, the id that expires first is dropped, so a
/// flood of ids cannot keep honest clients out.
///
/// ```
/// use core::time::Duration;
/// use latchkey_core::Timestamp;
/// use latchkey_guard::ReplayCache;
///
/// let now = Timestamp::from_secs(1_800_000_000);
/// let cache = ReplayCache::new(1000);
/// assert!(cache.take("jti", now.plus(Duration::from_mins(1)), now));
/// assert!(!cache.take("jti", now.plus(Duration::from_mins(1)), now));
/// ```
pub struct ReplayCache<K> {
    capacity: usize,
    used: Mutex<Used<K>>,
}

struct Used<K> {
    until: HashMap<K, Timestamp, RandomState>,
    /// The same ids in the order in which they expire.
    ends: BTreeSet<(Timestamp, K)>,
}

impl<K: Copy + Ord + Hash> ReplayCache<K> {
    /// Remembers at most `capacity` ids.
    pub fn new(capacity: usize) -> Self {
        let used = Used {
            until: HashMap::default(),
            ends: BTreeSet::new(),
        };
        Self {
            capacity,
            used: Mutex::new(used),
        }
    }

    /// Uses an id that is valid until `usable_until`; `false` if it was used before.
    #[must_use]
    pub fn take(&self, id: K, usable_until: Timestamp, now: Timestamp) -> bool {
        let mut used = self.lock();
        let known = used.until.get(&id).copied();
        if known.is_some_and(|until| now < until) {
            return false;
        }
        used.until.insert(id, usable_until);
        if let Some(ended) = known {
            used.ends.remove(&(ended, id));
        }
        used.ends.insert((usable_until, id));
        if used.until.len() > self.capacity
            && let Some((_, first)) = used.ends.pop_first()
        {
            used.until.remove(&first);
        }
        true
    }

    /// Frees up to `limit` expired ids and returns how many.
    pub fn sweep(&self, now: Timestamp, limit: usize) -> usize {
        let mut used = self.lock();
        let mut freed = 0;
        while freed < limit {
            match used.ends.first() {
                Some(&(until, id)) if until <= now => {
                    used.ends.pop_first();
                    used.until.remove(&id);
                    freed += 1;
                }
                _ => break,
            }
        }
        freed
    }

    /// The number of remembered ids.
    pub fn len(&self) -> usize {
        self.lock().until.len()
    }

    /// Whether no id is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K> ReplayCache<K> {
    fn lock(&self) -> MutexGuard<'_, Used<K>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> fmt::Debug for ReplayCache<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayCache")
            .field("len", &self.lock().until.len())
            .finish()
    }
}
