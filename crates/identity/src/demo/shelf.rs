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
mod tests;
