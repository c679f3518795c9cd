use super::{Denial, DenialReason, Denied};
use crate::clock::Timestamp;
use crate::cutoff::Cutoff;
use crate::id::{SessionId, UserId};
use crate::session::EndReason;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// In whichever order two denials of an account come to be known.
#[test]
fn the_later_cutoff_counts_and_the_later_end() {
    let user = Denied::User(UserId::from_bytes([1; 16]));
    let kept = SessionId::from_bytes([1; 16]);
    let first = Cutoff::next(None, NOW, EndReason::EndedAll, Some(kept));
    let second = Cutoff::next(Some(&first), NOW, EndReason::Banned, None);
    let (first, second) = (first.denial(user), second.denial(user));
    for merged in [first.clone().merged(&second), second.clone().merged(&first)] {
        assert_eq!(merged.cutoff, second.cutoff);
        assert_eq!(merged.reason, DenialReason::Banned);
    }
    // One of an earlier version says nothing about cut-offs and may end later.
    let old = Denial {
        until: first.until.plus(super::SLACK),
        cutoff: None,
        ..first.clone()
    };
    for merged in [first.clone().merged(&old), old.clone().merged(&first)] {
        assert_eq!((merged.cutoff, merged.until), (first.cutoff, old.until));
    }
}
