//! How often each kind of action may happen in a small simulation.

use crate::simulation::Action;

/// A kind of action that counts against the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// A request starts, or its caller stops waiting.
    Begin,
    /// A refresh is requested, manually or by a timer.
    Refresh,
    /// The access tokens expire.
    Expire,
    /// A backoff is over.
    Retry,
    /// A message is lost, or a tab's request times out.
    Lose,
    /// A message arrives twice.
    Duplicate,
    /// The server responds with 503 or 429.
    Decline,
    /// A tab is closed and reopened.
    Reopen,
    /// The lock is stolen.
    Steal,
    /// Ten seconds pass.
    Pass,
    Restart,
    Backup,
    Restore,
    /// A thief copies storage.
    Copy,
    /// The thief uses the copy.
    Use,
}

const KINDS: usize = Kind::Use as usize + 1;

/// The number of actions left for each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Budget([u8; KINDS]);

impl Budget {
    pub(super) fn of<const N: usize>(kinds: [(Kind, u8); N]) -> Self {
        let mut budget = Self::default();
        // Bounded, because a tab could otherwise retry endlessly within the reuse leeway.
        budget.0[Kind::Retry as usize] = 2;
        for (kind, times) in kinds {
            budget.0[kind as usize] = times;
        }
        budget
    }

    pub(super) fn has(&self, kind: Kind) -> bool {
        self.0[kind as usize] > 0
    }

    /// Deducts an action. Actions without a kind are free.
    pub(super) fn pay(&mut self, action: Action, response_possible: bool) {
        if let Some(kind) = kind(action, response_possible) {
            self.0[kind as usize] -= 1;
        }
    }
}

fn kind(action: Action, response_possible: bool) -> Option<Kind> {
    Some(match action {
        Action::Respond { .. }
        | Action::Grant { .. }
        | Action::Arrive { .. }
        | Action::Sync { .. } => return None,
        // If no response can arrive any more, the timeout is not an additional failure.
        Action::TimeOut { .. } if !response_possible => return None,
        Action::TimeOut { .. } | Action::Lose { .. } => Kind::Lose,
        Action::Begin { .. } | Action::Abandon { .. } => Kind::Begin,
        Action::Refresh { .. } | Action::RefreshAhead { .. } => Kind::Refresh,
        Action::Retry { .. } => Kind::Retry,
        Action::Steal { .. } => Kind::Steal,
        Action::ArriveTwice { .. } => Kind::Duplicate,
        Action::Decline { .. } => Kind::Decline,
        Action::Reopen { .. } => Kind::Reopen,
        Action::Expire => Kind::Expire,
        Action::Pass { .. } | Action::SetBack { .. } => Kind::Pass,
        Action::Restart => Kind::Restart,
        Action::Backup => Kind::Backup,
        Action::Restore | Action::RestoreUnderLoad => Kind::Restore,
        Action::Copy { .. } => Kind::Copy,
        Action::Use { .. } => Kind::Use,
    })
}
