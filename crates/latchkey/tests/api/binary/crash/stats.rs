//! Counts the operations of a run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;

use tokio::sync::watch;

/// An operation of a client or an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    SignIn,
    Refresh,
    Check,
    LogOut,
    RevokeRefresh,
    RevokeAccess,
    Replay,
    Ban,
}

/// Counts operations, and lets others wait for a number of acknowledged operations.
#[derive(Debug, Default)]
pub(super) struct Stats {
    counts: Mutex<BTreeMap<Operation, Count>>,
    /// How many operations were acknowledged in this round.
    acknowledged: watch::Sender<usize>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    acknowledged: usize,
    cut_off: usize,
    /// How many operations took effect although they were cut off.
    done: usize,
}

impl Stats {
    pub(super) fn begin_round(&self) {
        self.acknowledged.send_replace(0);
    }

    /// Waits until this many operations have been acknowledged in this round.
    pub(super) async fn reaches(&self, target: usize) {
        let mut acknowledged = self.acknowledged.subscribe();
        let reached = acknowledged.wait_for(|number| *number >= target).await;
        drop(reached.expect("the sender is alive"));
    }

    /// Counts an operation that was acknowledged.
    pub(super) fn acknowledged(&self, operation: Operation) {
        self.count(operation, |count| count.acknowledged += 1);
        self.acknowledged.send_modify(|number| *number += 1);
    }

    /// Counts an operation that was cut off.
    pub(super) fn cut_off(&self, operation: Operation) {
        self.count(operation, |count| count.cut_off += 1);
    }

    /// Counts an operation that was cut off and turned out to have taken effect.
    pub(super) fn done(&self, operation: Operation) {
        self.count(operation, |count| count.done += 1);
    }

    fn count(&self, operation: Operation, change: impl FnOnce(&mut Count)) {
        change(
            self.counts
                .lock()
                .expect("not poisoned")
                .entry(operation)
                .or_default(),
        );
    }

    /// How many operations were acknowledged and how many were cut off, in all rounds.
    pub(super) fn totals(&self) -> (usize, usize) {
        let counts = self.counts.lock().expect("not poisoned");
        counts
            .values()
            .fold((0, 0), |(acknowledged, cut_off), count| {
                (acknowledged + count.acknowledged, cut_off + count.cut_off)
            })
    }

    /// One line per kind of operation.
    pub(super) fn table(&self) -> String {
        let mut text = String::new();
        for (operation, count) in &*self.counts.lock().expect("not poisoned") {
            let Count {
                acknowledged,
                cut_off,
                done,
            } = count;
            let _ = write!(
                text,
                "{:<23}{acknowledged:>7} acknowledged  {cut_off:>6} cut off",
                name(*operation)
            );
            if *done > 0 {
                let _ = write!(text, ", {done} of them took effect");
            }
            text.push('\n');
        }
        text
    }
}

fn name(operation: Operation) -> &'static str {
    match operation {
        Operation::SignIn => "sign-ins",
        Operation::Refresh => "refreshes",
        Operation::Check => "requests",
        Operation::LogOut => "logouts",
        Operation::RevokeRefresh => "refresh tokens revoked",
        Operation::RevokeAccess => "access tokens revoked",
        Operation::Replay => "replays detected",
        Operation::Ban => "bans",
    }
}
