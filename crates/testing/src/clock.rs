//! A clock that tests control.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use latchkey_core::{Clock, Timestamp};

/// A clock that changes only when the test changes it. It starts on 15 January 2027.
///
/// ```
/// use latchkey_core::Clock as _;
/// use latchkey_testing::TestClock;
/// use std::time::Duration;
///
/// let clock = TestClock::default();
/// let before = clock.now();
/// clock.advance(Duration::from_mins(16));
/// assert_eq!(clock.now(), before.plus(Duration::from_mins(16)));
/// ```
#[derive(Debug)]
pub struct TestClock(AtomicU64);

impl Default for TestClock {
    fn default() -> Self {
        Self(AtomicU64::new(1_800_000_000_000))
    }
}

impl TestClock {
    /// Advances the clock.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(millis(by), Ordering::SeqCst);
    }

    /// Sets the clock back.
    pub fn set_back(&self, by: Duration) {
        self.0.fetch_sub(millis(by), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).expect("the duration fits in 64 bits of milliseconds")
}
