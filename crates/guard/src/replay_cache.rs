//! A bounded cache of ids that may be used once.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ahash::RandomState;
use latchkey_core::Timestamp;

/// Remembers used ids until they expire. When it is full, it evicts the id that expires first, so a
/// flood of ids cannot keep honest clients out.
///
/// ```
/// use core::time::Duration;
/// use latchkey_core::Timestamp;
/// use latchkey_guard::ReplayCache;
///
/// let now = Timestamp::from_secs(1_800_000_000);
/// let cache = ReplayCache::new(1000);
/// assert!(cache.use_once("jti", now.plus(Duration::from_mins(1)), now));
/// assert!(!cache.use_once("jti", now.plus(Duration::from_mins(1)), now));
/// ```
pub struct ReplayCache<K> {
    capacity: usize,
    used: Mutex<UsedIds<K>>,
}

struct UsedIds<K> {
    expiry: HashMap<K, Timestamp, RandomState>,
    /// The same ids in the order in which they expire.
    by_expiry: BTreeSet<(Timestamp, K)>,
}

impl<K: Copy + Ord + Hash> ReplayCache<K> {
    /// Creates a cache of at most `capacity` ids.
    pub fn new(capacity: usize) -> Self {
        let used = UsedIds {
            expiry: HashMap::default(),
            by_expiry: BTreeSet::new(),
        };
        Self {
            capacity,
            used: Mutex::new(used),
        }
    }

    /// Marks an id as used. Returns `false` if the id has been used before. The id is remembered
    /// until `usable_until`, unless it is evicted. From `usable_until` on, the caller must refuse it
    /// as expired.
    #[must_use]
    pub fn use_once(&self, id: K, usable_until: Timestamp, now: Timestamp) -> bool {
        let mut used = self.lock();
        let known = used.expiry.get(&id).copied();
        if known.is_some_and(|until| now < until) {
            return false;
        }
        used.expiry.insert(id, usable_until);
        if let Some(expired) = known {
            used.by_expiry.remove(&(expired, id));
        }
        used.by_expiry.insert((usable_until, id));
        if used.expiry.len() > self.capacity
            && let Some((_, first)) = used.by_expiry.pop_first()
        {
            used.expiry.remove(&first);
        }
        true
    }

    /// Removes up to `limit` expired ids and returns how many were removed.
    pub fn sweep(&self, now: Timestamp, limit: usize) -> usize {
        let mut used = self.lock();
        let mut removed = 0;
        while removed < limit {
            match used.by_expiry.first() {
                Some(&(until, id)) if until <= now => {
                    used.by_expiry.pop_first();
                    used.expiry.remove(&id);
                    removed += 1;
                }
                _ => break,
            }
        }
        removed
    }

    /// The number of remembered ids.
    pub fn len(&self) -> usize {
        self.lock().expiry.len()
    }

    /// Whether the cache is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K> ReplayCache<K> {
    fn lock(&self) -> MutexGuard<'_, UsedIds<K>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> fmt::Debug for ReplayCache<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayCache")
            .field("len", &self.lock().expiry.len())
            .finish()
    }
}
