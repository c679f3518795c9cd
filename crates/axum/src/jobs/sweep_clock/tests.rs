use core::time::Duration;

use latchkey_core::Timestamp;
use proptest::prelude::*;

use super::SweepClock;

const START: Timestamp = Timestamp::from_secs(1_800_000_000);
const MINUTE: Duration = Duration::from_mins(1);
const MONTH: Duration = Duration::from_hours(30 * 24);

#[test]
fn goes_with_a_good_clock() {
    let mut settled = SweepClock::new(START, START, Duration::ZERO);
    for minutes in 1..500 {
        let passed = minutes * MINUTE;
        assert_eq!(
            settled.advance(START.plus(passed), passed),
            START.plus(passed)
        );
    }
}

#[test]
fn a_clock_set_ahead_and_back_within_the_hour_frees_nothing() {
    for jump in [Duration::from_hours(1), MONTH] {
        let mut settled = SweepClock::new(START, START, Duration::ZERO);
        for minutes in 1..60 {
            let passed = minutes * MINUTE;
            let moment = settled.advance(START.plus(jump).plus(passed), passed);
            assert_eq!(moment, START.plus(passed));
        }
        let passed = 60 * MINUTE;
        assert_eq!(
            settled.advance(START.plus(passed), passed),
            START.plus(passed)
        );
    }
}

#[test]
fn after_a_long_pause_it_catches_up_in_an_hour() {
    let back = START.plus(MONTH);
    let mut settled = SweepClock::new(START, back, Duration::ZERO);
    assert_eq!(
        settled.advance(back.plus(59 * MINUTE), 59 * MINUTE),
        START.plus(59 * MINUTE)
    );
    assert_eq!(
        settled.advance(back.plus(60 * MINUTE), 60 * MINUTE),
        back.plus(60 * MINUTE)
    );
}

#[test]
fn waits_for_a_clock_that_was_set_back() {
    let mut settled = SweepClock::new(START, START, Duration::ZERO);
    for minutes in 1..70 {
        let passed = minutes * MINUTE;
        let wall = START.minus(Duration::from_hours(1)).plus(passed);
        assert_eq!(settled.advance(wall, passed), wall);
    }
}

proptest! {
    /// Whatever the clock does: never ahead of it, and, unless it ran evenly for an hour, never
    /// further on than time has passed.
    #[test]
    fn never_runs_ahead(jumps in prop::collection::vec((0u64..40, -4000i64..4000), 1..100)) {
        let mut settled = SweepClock::new(START, START, Duration::ZERO);
        let (mut passed, mut offset) = (Duration::ZERO, 0i64);
        for (minutes, jump) in jumps {
            passed += u32::try_from(minutes).expect("small") * MINUTE;
            // Every step is a jump, so no hour is even.
            offset += if jump.abs() < 5 { 100 } else { jump };
            let secs = u64::try_from(1_800_000_000 + offset * 60).expect("after 1970");
            let wall = Timestamp::from_secs(secs).plus(passed);
            let moment = settled.advance(wall, passed);
            prop_assert!(moment <= wall);
            prop_assert!(moment <= START.plus(passed));
        }
    }
}
