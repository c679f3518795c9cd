//! A bounded map whose entries expire.

use core::time::Duration;
use std::collections::VecDeque;

use latchkey_core::Timestamp;

/// The maximum number of entries; inserting one more drops the oldest.
const MAX_ENTRIES: usize = 1000;

/// A map from secret strings to values, with at most [`MAX_ENTRIES`] entries.
pub(super) struct ExpiringMap<T> {
    entries: VecDeque<(String, Timestamp, T)>,
}

impl<T> Default for ExpiringMap<T> {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
        }
    }
}

impl<T> ExpiringMap<T> {
    /// Inserts a value that expires after `lifetime`.
    pub(super) fn insert(&mut self, key: String, value: T, lifetime: Duration, now: Timestamp) {
        self.entries.retain(|(_, until, _)| *until > now);
        while self.entries.len() >= MAX_ENTRIES {
            self.entries.pop_front();
        }
        self.entries.push_back((key, now.plus(lifetime), value));
    }

    /// Removes and returns the value, unless it has expired.
    pub(super) fn remove(&mut self, key: &str, now: Timestamp) -> Option<T> {
        let index = self.entries.iter().position(|(stored, ..)| stored == key)?;
        let (_, until, value) = self.entries.remove(index)?;
        (until > now).then_some(value)
    }

    /// The value, unless it has expired.
    pub(super) fn get(&self, key: &str, now: Timestamp) -> Option<&T> {
        let (_, until, value) = self.entries.iter().find(|(stored, ..)| stored == key)?;
        (*until > now).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use latchkey_core::Timestamp;

    use super::{ExpiringMap, MAX_ENTRIES};

    const LIFETIME: Duration = Duration::from_mins(1);

    #[test]
    fn value_is_removed_once_and_expires() {
        let (start, end) = (Timestamp::from_secs(100), Timestamp::from_secs(160));
        let mut map = ExpiringMap::default();
        map.insert("a".to_owned(), 1, LIFETIME, start);
        map.insert("b".to_owned(), 2, LIFETIME, start);
        assert_eq!(map.get("a", start), Some(&1));
        assert_eq!(map.remove("a", start), Some(1));
        assert_eq!(map.remove("a", start), None);
        assert_eq!(map.get("b", end), None);
        assert_eq!(map.remove("b", end), None);
    }

    #[test]
    fn oldest_entry_is_dropped_when_full() {
        let mut map = ExpiringMap::default();
        let now = Timestamp::from_secs(100);
        for number in 0..=MAX_ENTRIES {
            map.insert(number.to_string(), number, LIFETIME, now);
        }
        assert_eq!(map.entries.len(), MAX_ENTRIES);
        assert_eq!(map.get("0", now), None);
        assert_eq!(map.get("1", now), Some(&1));
        map.insert("new".to_owned(), 0, LIFETIME, now.plus(LIFETIME));
        assert_eq!(map.entries.len(), 1, "expired entries are dropped");
    }
}
