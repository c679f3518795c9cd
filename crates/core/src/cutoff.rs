//! Cutoffs: one small record that ends every session opened before it, however many there are.
//!
//! A ban or "sign out everywhere" must succeed even while the user keeps opening and refreshing
//! sessions. It therefore increases a number in a record that is read whenever a session is opened
//! or refreshed, and never waits for the sessions themselves. A session stores the numbers in force
//! when it was opened, and is over once one of them has increased.
//!
//! There is one sequence of numbers per user and one for all users. Whether a session has ended is
//! decided by comparing numbers of the same sequence, never timestamps, so a sign-in after the
//! cutoff is recognized even in the same millisecond or on a server whose clock differs.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::end_reason::EndReason;
use crate::id::SessionId;

/// Ends all sessions that were opened before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cutoff {
    /// Greater than the number of every earlier cutoff of the same sequence.
    #[serde(rename = "no")]
    pub number: u64,
    /// When it was made.
    pub at: Timestamp,
    /// Why the sessions end.
    pub reason: EndReason,
    /// The one earlier session that stays open, if any.
    #[serde(rename = "keep", default, skip_serializing_if = "Option::is_none")]
    pub spared: Option<SessionId>,
}

/// The numbers of the cutoffs in force when a session was opened; zero if there was none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cutoffs {
    /// The latest cutoff of the user.
    #[serde(rename = "sub", default, skip_serializing_if = "is_zero")]
    pub user: u64,
    /// The latest cutoff of all users.
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
    /// The next cutoff of a sequence. Its number is the current time in milliseconds, or the
    /// previous number plus one if the clock has not passed that number. Because it is based on
    /// the time, the number also exceeds numbers that were lost when a backup was restored.
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

    /// Whether this cutoff ends a session that was opened when the sequence was at `opened_under`.
    pub fn ends(&self, session: SessionId, opened_under: u64) -> bool {
        opened_under < self.number && self.spared != Some(session)
    }
}

impl Cutoffs {
    /// Whether no cutoff of either sequence existed when the session was opened.
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
    fn session_opened_in_the_same_millisecond_is_not_ended() {
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
    fn numbers_increase_even_if_the_clock_is_set_back() {
        let first = next(None, NOW, None);
        let second = next(Some(&first), Timestamp::from_secs(1), None);
        assert!(second.number > first.number);
        assert!(second.ends(SessionId::from_bytes([1; 16]), first.number));
    }

    #[test]
    fn zero_is_not_serialized() {
        let text = serde_json::to_string(&Cutoffs::default()).expect("JSON");
        assert_eq!(text, "{}");
        let read: Cutoffs = serde_json::from_str("{\"sub\":7}").expect("read");
        assert_eq!((read.user, read.everyone), (7, 0));
    }
}
