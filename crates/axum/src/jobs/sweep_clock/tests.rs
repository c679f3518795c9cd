use core::time::Duration;

use latchkey_core::Timestamp;
use proptest::prelude::*;

use super::SweepClock;

const START: Timestamp = Timestamp::from_secs(1_800_000_000);
const MINUTE: Duration = Duration::from_mins(1);
const MONTH: Duration = Duration::from_hours(30 * 24);

#[test]
fn follows_a_correct_clock() {
    let mut clock = SweepClock::new(START, START, Duration::ZERO);
    for minutes in 1..500 {
        let passed = minutes * MINUTE;
        assert_eq!(
            clock.advance(START.plus(passed), passed),
            START.plus(passed)
        );
    }
}

#[test]
fn a_clock_set_ahead_and_back_within_an_hour_is_ignored() {
    for jump in [Duration::from_hours(1), MONTH] {
        let mut clock = SweepClock::new(START, START, Duration::ZERO);
        for minutes in 1..60 {
            let passed = minutes * MINUTE;
            let time = clock.advance(START.plus(jump).plus(passed), passed);
            assert_eq!(time, START.plus(passed));
        }
        let passed = 60 * MINUTE;
        assert_eq!(
            clock.advance(START.plus(passed), passed),
            START.plus(passed)
        );
    }
}

#[test]
fn catches_up_an_hour_after_a_long_downtime() {
    let restart = START.plus(MONTH);
    let mut clock = SweepClock::new(START, restart, Duration::ZERO);
    assert_eq!(
        clock.advance(restart.plus(59 * MINUTE), 59 * MINUTE),
        START.plus(59 * MINUTE)
    );
    assert_eq!(
        clock.advance(restart.plus(60 * MINUTE), 60 * MINUTE),
        restart.plus(60 * MINUTE)
    );
}

#[test]
fn follows_a_clock_that_was_set_back() {
    let mut clock = SweepClock::new(START, START, Duration::ZERO);
    for minutes in 1..70 {
        let passed = minutes * MINUTE;
        let wall = START.minus(Duration::from_hours(1)).plus(passed);
        assert_eq!(clock.advance(wall, passed), wall);
    }
}

proptest! {
    /// Whatever the wall clock does, the sweep clock is never ahead of it; and unless the wall
    /// clock was stable for an hour, the sweep clock never advances by more than the time that
    /// passed.
    #[test]
    fn never_runs_ahead(jumps in prop::collection::vec((0u64..40, -4000i64..4000), 1..100)) {
        let mut clock = SweepClock::new(START, START, Duration::ZERO);
        let (mut passed, mut offset) = (Duration::ZERO, 0i64);
        for (minutes, jump) in jumps {
            passed += u32::try_from(minutes).expect("small") * MINUTE;
            // Every step is a jump, so the wall clock is never stable.
            offset += if jump.abs() < 5 { 100 } else { jump };
            let secs = u64::try_from(1_800_000_000 + offset * 60).expect("after 1970");
            let wall = Timestamp::from_secs(secs).plus(passed);
            let time = clock.advance(wall, passed);
            prop_assert!(time <= wall);
            prop_assert!(time <= START.plus(passed));
        }
    }
}
