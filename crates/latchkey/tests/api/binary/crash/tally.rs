//! What was done, counted.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;

use tokio::sync::watch;

/// What clients and operators do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    SignIn,
    Refresh,
    Check,
    LogOut,
    RevokeRefresh,
    RevokeAccess,
    Replay,
    Ban,
}

/// Counts, and moments told by them.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: Mutex<BTreeMap<Act, Count>>,
    /// How many acts were answered in this round.
    answered: watch::Sender<usize>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    answered: usize,
    cut_off: usize,
    /// Of those cut off, the ones that were done all the same.
    done: usize,
}

impl Tally {
    pub(super) fn begin_round(&self) {
        self.answered.send_replace(0);
    }

    /// Waits for so many answers in this round.
    pub(super) async fn reaches(&self, answers: usize) {
        let mut answered = self.answered.subscribe();
        let reached = answered.wait_for(|number| *number >= answers).await;
        drop(reached.expect("the sender lives"));
    }

    /// An act was answered.
    pub(super) fn answered(&self, act: Act) {
        self.count(act, |count| count.answered += 1);
        self.answered.send_modify(|number| *number += 1);
    }

    /// An act was cut off.
    pub(super) fn cut_off(&self, act: Act) {
        self.count(act, |count| count.cut_off += 1);
    }

    /// It turned out that an act that was cut off was done.
    pub(super) fn done(&self, act: Act) {
        self.count(act, |count| count.done += 1);
    }

    fn count(&self, act: Act, change: impl FnOnce(&mut Count)) {
        change(
            self.counts
                .lock()
                .expect("nobody panicked")
                .entry(act)
                .or_default(),
        );
    }

    /// All acts answered, and all cut off.
    pub(super) fn totals(&self) -> (usize, usize) {
        let counts = self.counts.lock().expect("nobody panicked");
        counts.values().fold((0, 0), |(answered, cut_off), count| {
            (answered + count.answered, cut_off + count.cut_off)
        })
    }

    /// A line for each kind of act.
    pub(super) fn table(&self) -> String {
        let mut text = String::new();
        for (act, count) in &*self.counts.lock().expect("nobody panicked") {
            let Count {
                answered,
                cut_off,
                done,
            } = count;
            let _ = write!(
                text,
                "{:<23}{answered:>7} answered  {cut_off:>6} cut off",
                name(*act)
            );
            if *done > 0 {
                let _ = write!(text, ", {done} of them done");
            }
            text.push('\n');
        }
        text
    }
}

fn name(act: Act) -> &'static str {
    match act {
        Act::SignIn => "sign-ins",
        Act::Refresh => "refreshes",
        Act::Check => "requests",
        Act::LogOut => "logouts",
        Act::RevokeRefresh => "refresh tokens revoked",
        Act::RevokeAccess => "access tokens revoked",
        Act::Replay => "replays caught",
        Act::Ban => "bans",
    }
}
