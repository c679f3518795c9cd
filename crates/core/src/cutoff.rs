//! Cut-offs: one small record that ends every session opened before it, however many there are.
//!
//! A ban or "sign out everywhere" must win against the very account it concerns. So it writes a
//! number, in a record that opening and refreshing a session both read, and never waits for the
//! sessions themselves. A session carries the numbers that were in force when it was opened; it
//! is over if a number has grown since. Numbers are compared only with numbers of the same
//! sequence, never with a clock, so that a new sign-in in the same millisecond, or on a machine
//! whose clock differs, is distinguished from the earlier ones.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::end_reason::EndReason;
use crate::id::SessionId;

/// Ends the sessions that were opened before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cutoff {
    /// Greater than the number of every earlier cut-off of the same sequence.
    #[serde(rename = "no")]
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: EndReason,
    /// The one session of before that goes on.
    #[serde(rename = "keep", default, skip_serializing_if = "Option::is_none")]
    pub spared: Option<SessionId>,
}

/// The numbers of the cut-offs that were in force when a session was opened; zero before the
/// first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cutoffs {
    /// Of the account.
    #[serde(rename = "sub", default, skip_serializing_if = "is_zero")]
    pub user: u64,
    /// Of all accounts together.
    #[serde(rename = "all", default, skip_serializing_if = "is_zero")]
    pub everyone: u64,
}

#[cfg_attr(
    target_pointer_width = "64",
    expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )
)]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Cutoff {
    /// The next of a sequence. Its number is the moment in milliseconds where the clock allows it:
    /// so it is also greater than one that a restored backup has lost.
    pub fn next(
        previous: Option<&Self>,
        at: Timestamp,
        reason: EndReason,
        spared: Option<SessionId>,
    ) -> Self {
        let least = previous.map_or(1, |previous| previous.number.saturating_add(1));
        Self {
            number: at.as_millis().max(least),
            at,
            reason,
            spared,
        }
    }

    /// Whether this ends the session, given the number of this sequence in force when the session
    /// was opened.
    pub fn ends(&self, session: SessionId, opened_under: u64) -> bool {
        opened_under < self.number && self.spared != Some(session)
    }
}

impl Cutoffs {
    /// Whether a session opened under none of either.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Cutoff, Cutoffs};
    use crate::clock::Timestamp;
    use crate::end_reason::EndReason;
    use crate::id::SessionId;

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
}
