//! A random schedule.

use crate::simulation::{Action, Rules, Simulation, Storage, ThiefKey};
use fastrand::Rng;

/// A simulation driven by random numbers.
pub(super) struct Schedule {
    pub(super) simulation: Simulation,
    /// The number of actions performed.
    pub(super) done: usize,
    rng: Rng,
    length: usize,
    /// Whether there may be a thief.
    thief: bool,
    /// Whether the store may be backed up and restored.
    backups: bool,
    /// Whether each action is printed.
    verbose: bool,
}

impl Schedule {
    pub(super) fn new(seed: u64, verbose: bool) -> Self {
        let mut rng = Rng::with_seed(seed);
        let tabs = match rng.usize(..10) {
            0..=4 => 2,
            5..=7 => 1 + rng.usize(..5),
            _ => 1 + rng.usize(..20),
        };
        let rules = Rules {
            tabs,
            locks: rng.u8(..100) < 70,
            bound: rng.u8(..100) < 25,
            storage: if rng.u8(..100) < 50 {
                Storage::LateEvents
            } else {
                Storage::Prompt
            },
            ..Rules::PLAIN
        };
        Self {
            simulation: Simulation::new(rules),
            done: 0,
            length: 20 + rng.usize(..200),
            thief: rng.u8(..100) < 40,
            backups: rng.u8(..100) < 30,
            rng,
            verbose,
        }
    }

    /// Runs the schedule and the recovery, then lets thief and owner refresh in turn.
    pub(super) fn run(&mut self) {
        if self.verbose {
            self.print(&self.simulation.rules);
        }
        while self.done < self.length && self.simulation.breach.is_none() {
            if let Some(action) = self.draw() {
                if self.verbose {
                    self.print(&action);
                }
                self.simulation.act(action);
                self.done += 1;
            } else {
                self.length -= 1;
            }
        }
        self.simulation.quiesce();
        if self.verbose {
            self.print(&self.simulation);
        }
        self.simulation.let_both_keep_refreshing();
    }

    #[expect(clippy::print_stderr, reason = "only used to debug a failed schedule")]
    fn print(&self, what: &dyn core::fmt::Debug) {
        eprintln!("{:>4} {what:?}", self.done);
    }

    /// Draws the next action. `None` if the drawn action is not possible now.
    fn draw(&mut self) -> Option<Action> {
        let tab = self.rng.usize(..self.simulation.tabs.len());
        match self.rng.usize(..100) {
            0..=24 => self.message(),
            25..=59 => self.progress(tab),
            60..=64 => Some(Action::Begin {
                tab,
                stale: self.rng.u8(..100) < 50,
            }),
            65..=69 => Some(Action::Refresh { tab }),
            70..=73 => Some(Action::RefreshAhead { tab }),
            74..=85 => self.failure(tab),
            86..=91 => Some(self.time()),
            92..=95 if self.backups => Some(self.backup()),
            96.. if self.thief => Some(self.thief()),
            _ => None,
        }
    }

    fn message(&mut self) -> Option<Action> {
        let messages = self.simulation.network.len();
        (messages > 0).then(|| Action::Arrive {
            message: self.rng.usize(..messages),
        })
    }

    /// The next action of the first tab that can proceed, starting with the tab `from`.
    fn progress(&mut self, from: usize) -> Option<Action> {
        let tabs = self.simulation.tabs.len();
        (0..tabs).map(|step| (from + step) % tabs).find_map(|tab| {
            let at = &self.simulation.tabs[tab];
            if self.simulation.can_lock(tab) {
                Some(Action::Grant { tab })
            } else if !at.sent.is_empty() {
                Some(Action::Respond { tab })
            } else if at.has_storage_event && self.rng.u8(..100) < 50 {
                Some(Action::Sync { tab })
            } else if at.engine.is_backing_off() && self.rng.u8(..100) < 50 {
                Some(Action::Retry { tab })
            } else if at.post.is_some() && !self.simulation.is_response_possible(tab) {
                Some(Action::TimeOut { tab })
            } else {
                None
            }
        })
    }

    fn failure(&mut self, tab: usize) -> Option<Action> {
        let kind = self.rng.usize(..9);
        if kind <= 3 {
            let messages = self.simulation.network.len();
            if messages == 0 {
                return None;
            }
            let message = self.rng.usize(..messages);
            return Some(match kind {
                0 | 1 => Action::Lose { message },
                2 => Action::ArriveTwice { message },
                _ => Action::Decline {
                    message,
                    rate_limited: self.rng.u8(..100) < 50,
                },
            });
        }
        Some(match kind {
            4 | 5 => Action::TimeOut { tab },
            6 => Action::Steal { tab },
            7 => Action::Reopen { tab },
            _ if self.rng.u8(..100) < 30 => Action::Restart,
            _ => Action::Abandon { tab },
        })
    }

    fn time(&mut self) -> Action {
        match self.rng.usize(..10) {
            0..=3 => Action::Pass {
                millis: self.rng.u32(..3_000),
            },
            4 | 5 => Action::Pass {
                millis: self.rng.u32(..60_000),
            },
            6 => Action::Pass {
                millis: self.rng.u32(..3_600_000),
            },
            7 => Action::SetBack {
                millis: self.rng.u32(..3_600_000),
            },
            _ => Action::Expire,
        }
    }

    fn backup(&mut self) -> Action {
        if self.simulation.server.backup.is_none() || self.rng.u8(..100) < 40 {
            Action::Backup
        } else {
            Action::Restore
        }
    }

    fn thief(&mut self) -> Action {
        if self.simulation.thief.is_none() {
            return Action::Copy {
                pending: self.rng.u8(..100) < 50,
            };
        }
        let keys = [ThiefKey::Own, ThiefKey::None, ThiefKey::Copied];
        Action::Use {
            key: keys[self.rng.usize(..keys.len())],
        }
    }
}
