use super::{Cutoff, Cutoffs};
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::session::EndReason;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_123);

fn next(previous: Option<&Cutoff>, at: Timestamp, spared: Option<SessionId>) -> Cutoff {
    Cutoff::next(previous, at, EndReason::EndedAll, spared)
}

#[test]
fn a_session_opened_in_the_same_millisecond_is_told_apart() {
    let (one, two) = (
        SessionId::from_bytes([1; 16]),
        SessionId::from_bytes([2; 16]),
    );
    let first = next(None, NOW, None);
    assert!(first.ends(one, 0));
    assert!(!first.ends(two, first.number));
    let second = next(Some(&first), NOW, Some(two));
    assert!(second.number > first.number);
    assert!(second.ends(one, 0) && !second.ends(two, first.number));
    assert!(second.ends(one, first.number));
}

#[test]
fn a_clock_that_was_set_back_does_not_make_numbers_smaller() {
    let first = next(None, NOW, None);
    let second = next(Some(&first), Timestamp::from_secs(1), None);
    assert!(second.number > first.number);
    assert!(second.ends(SessionId::from_bytes([1; 16]), first.number));
}

#[test]
fn what_is_zero_is_not_written() {
    let text = serde_json::to_string(&Cutoffs::default()).expect("JSON");
    assert_eq!(text, "{}");
    let read: Cutoffs = serde_json::from_str("{\"sub\":7}").expect("read");
    assert_eq!((read.user, read.everyone), (7, 0));
}
