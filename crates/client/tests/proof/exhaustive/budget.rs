//! How often a thing may happen in a small world.

use crate::world::Action;

/// A kind of action that does not happen by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// A request begins.
    Begin,
    /// A refresh is asked for, by a person or a timer.
    Ask,
    /// The access tokens expire.
    Expire,
    /// A back-off is over.
    Due,
    /// A message is lost, or a tab gives up waiting for it.
    Lose,
    /// A message arrives twice.
    Twice,
    /// The server declines.
    Decline,
    /// A tab is closed and opened.
    Reopen,
    /// The lock is taken by force.
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

/// How often each kind may still happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Budget([u8; KINDS]);

impl Budget {
    pub(super) fn of<const N: usize>(kinds: [(Kind, u8); N]) -> Self {
        let mut budget = Self::default();
        // Without an end to it a tab could try for ever within the grace.
        budget.0[Kind::Due as usize] = 2;
        for (kind, times) in kinds {
            budget.0[kind as usize] = times;
        }
        budget
    }

    pub(super) fn has(&self, kind: Kind) -> bool {
        self.0[kind as usize] > 0
    }

    /// Pays for an action; what happens by itself is free.
    pub(super) fn pay(&mut self, action: Action, answer_possible: bool) {
        if let Some(kind) = kind(action, answer_possible) {
            self.0[kind as usize] -= 1;
        }
    }
}

fn kind(action: Action, answer_possible: bool) -> Option<Kind> {
    Some(match action {
        Action::Answer { .. }
        | Action::Grant { .. }
        | Action::Arrive { .. }
        | Action::Sync { .. } => return None,
        // That an answer which cannot come does not come is no fault of its own.
        Action::TimeOut { .. } if !answer_possible => return None,
        Action::TimeOut { .. } | Action::Lose { .. } => Kind::Lose,
        Action::Begin { .. } | Action::Abandon { .. } => Kind::Begin,
        Action::Ask { .. } | Action::Ahead { .. } => Kind::Ask,
        Action::Due { .. } => Kind::Due,
        Action::Steal { .. } => Kind::Steal,
        Action::ArriveTwice { .. } => Kind::Twice,
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
