//! Things that were handed out under a secret name, until they are taken back or expire.

use core::time::Duration;
use std::collections::VecDeque;

use latchkey_core::Timestamp;

/// How many things fit; the oldest gives way.
const ROOM: usize = 1000;

/// Things by name, at most [`ROOM`] of them.
pub(super) struct Shelf<T> {
    things: VecDeque<(String, Timestamp, T)>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self {
            things: VecDeque::new(),
        }
    }
}

impl<T> Shelf<T> {
    /// Puts a thing here for as long as `life`.
    pub(super) fn put(&mut self, name: String, thing: T, life: Duration, now: Timestamp) {
        self.things.retain(|(_, until, _)| *until > now);
        while self.things.len() >= ROOM {
            self.things.pop_front();
        }
        self.things.push_back((name, now.plus(life), thing));
    }

    /// Takes the thing of this name away.
    pub(super) fn take(&mut self, name: &str, now: Timestamp) -> Option<T> {
        let place = self.things.iter().position(|(known, ..)| known == name)?;
        let (_, until, thing) = self.things.remove(place)?;
        (until > now).then_some(thing)
    }

    /// Looks at the thing of this name.
    pub(super) fn get(&self, name: &str, now: Timestamp) -> Option<&T> {
        let (_, until, thing) = self.things.iter().find(|(known, ..)| known == name)?;
        (*until > now).then_some(thing)
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use latchkey_core::Timestamp;

    use super::{ROOM, Shelf};

    const LIFE: Duration = Duration::from_mins(1);

    #[test]
    fn a_thing_is_taken_once_and_in_time() {
        let (start, end) = (Timestamp::from_secs(100), Timestamp::from_secs(160));
        let mut shelf = Shelf::default();
        shelf.put("a".to_owned(), 1, LIFE, start);
        shelf.put("b".to_owned(), 2, LIFE, start);
        assert_eq!(shelf.get("a", start), Some(&1));
        assert_eq!(shelf.take("a", start), Some(1));
        assert_eq!(shelf.take("a", start), None);
        assert_eq!(shelf.get("b", end), None);
        assert_eq!(shelf.take("b", end), None);
    }

    #[test]
    fn the_oldest_gives_way() {
        let mut shelf = Shelf::default();
        let now = Timestamp::from_secs(100);
        for number in 0..=ROOM {
            shelf.put(number.to_string(), number, LIFE, now);
        }
        assert_eq!(shelf.things.len(), ROOM);
        assert_eq!(shelf.get("0", now), None);
        assert_eq!(shelf.get("1", now), Some(&1));
        shelf.put("new".to_owned(), 0, LIFE, now.plus(LIFE));
        assert_eq!(shelf.things.len(), 1, "what has expired is let go");
    }
}
