//! What the overview of the admin API counts by hour. Prometheus has finer labels.

use core::sync::atomic::{AtomicU64, Ordering};

use latchkey_core::HourCounts;

/// What has happened since the server started.
#[derive(Debug, Default)]
pub(super) struct Totals {
    sign_ins: AtomicU64,
    sign_ins_refused: AtomicU64,
    refreshes: AtomicU64,
    refreshes_refused: AtomicU64,
    replays: AtomicU64,
    sessions_ended: AtomicU64,
}

/// Whether an outcome is a failure of a server rather than a refusal.
pub(crate) fn is_failure(outcome: &str) -> bool {
    matches!(outcome, "failed" | "unavailable" | "provider_unavailable")
}

fn add(count: &AtomicU64, number: u64) {
    count.fetch_add(number, Ordering::Relaxed);
}

impl Totals {
    pub(super) fn sign_in(&self, outcome: &str) {
        match outcome {
            "success" => add(&self.sign_ins, 1),
            _ if is_failure(outcome) => {}
            _ => add(&self.sign_ins_refused, 1),
        }
    }

    pub(super) fn refresh(&self, outcome: &str) {
        match outcome {
            "rotated" | "repeated" => add(&self.refreshes, 1),
            // Another tab has the new tokens.
            "superseded" => {}
            _ if is_failure(outcome) => {}
            _ => add(&self.refreshes_refused, 1),
        }
        if outcome == "replayed" {
            add(&self.replays, 1);
        }
    }

    pub(super) fn sessions_ended(&self, sessions: u64) {
        add(&self.sessions_ended, sessions);
    }

    pub(super) fn read(&self) -> HourCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        HourCounts {
            sign_ins: read(&self.sign_ins),
            sign_ins_refused: read(&self.sign_ins_refused),
            refreshes: read(&self.refreshes),
            refreshes_refused: read(&self.refreshes_refused),
            replays: read(&self.replays),
            sessions_ended: read(&self.sessions_ended),
        }
    }
}
