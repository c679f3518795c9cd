//! A clock that stands still until it is told otherwise.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use latchkey_core::{Clock, Timestamp};

pub(crate) struct ManualClock(AtomicU64);

impl Default for ManualClock {
    fn default() -> Self {
        Self(AtomicU64::new(1_800_000_000_000))
    }
}

impl ManualClock {
    pub(crate) fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).expect("a test's while");
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    pub(crate) fn set_back(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).expect("a test's while");
        self.0.fetch_sub(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}
