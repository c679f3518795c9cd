//! What was used while it could be used again, in memory and up to a number.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ahash::RandomState;
use latchkey_core::Timestamp;

/// A bounded memory of ids that were used. When it is full, the one that ends first is forgotten
/// early: nobody can keep others out by filling it.
pub struct ReplayCache<K> {
    most: usize,
    used: Mutex<Used<K>>,
}

struct Used<K> {
    until: HashMap<K, Timestamp, RandomState>,
    /// The same in the order of the ends.
    ends: BTreeSet<(Timestamp, K)>,
}

impl<K: Copy + Ord + Hash> ReplayCache<K> {
    /// Remembers so many at most.
    pub fn new(most: usize) -> Self {
        let used = Used {
            until: HashMap::default(),
            ends: BTreeSet::new(),
        };
        Self {
            most,
            used: Mutex::new(used),
        }
    }

    /// Takes an id that can be used until this moment; `false` if it was taken before.
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
        if used.until.len() > self.most
            && let Some((_, first)) = used.ends.pop_first()
        {
            used.until.remove(&first);
        }
        true
    }

    /// Frees up to `limit` that have ended and says how many were freed.
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

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.lock().until.len()
    }

    /// Whether none is.
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
