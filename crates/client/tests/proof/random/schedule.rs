//! A random schedule.

use crate::world::{Action, Rules, Storage, ThiefKey, World};
use fastrand::Rng;

/// A simulation driven by random numbers.
pub(super) struct Schedule {
    pub(super) world: World,
    /// The number of actions performed.
    pub(super) done: usize,
    rng: Rng,
    length: usize,
    /// Whether there may be a thief.
    thief: bool,
    /// Whether the store may be backed up and restored.
    backups: bool,
    /// Whether each action is printed.
    told: bool,
}

impl Schedule {
    pub(super) fn new(seed: u64, told: bool) -> Self {
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
            world: World::new(rules),
            done: 0,
            length: 20 + rng.usize(..200),
            thief: rng.u8(..100) < 40,
            backups: rng.u8(..100) < 30,
            rng,
            told,
        }
    }

    /// Runs the schedule, then the recovery, then thief and owner in turn.
    pub(super) fn run(&mut self) {
        if self.told {
            self.say(&self.world.rules);
        }
        while self.done < self.length && self.world.breach.is_none() {
            if let Some(action) = self.throw() {
                if self.told {
                    self.say(&action);
                }
                self.world.act(action);
                self.done += 1;
            } else {
                self.length -= 1;
            }
        }
        self.world.quiesce();
        if self.told {
            self.say(&self.world);
        }
        self.world.let_both_go_on();
    }

    #[expect(clippy::print_stderr, reason = "only used to debug a failed schedule")]
    fn say(&self, what: &dyn core::fmt::Debug) {
        eprintln!("{:>4} {what:?}", self.done);
    }

    /// Draws the next action. `None` if the drawn action is not possible now.
    fn throw(&mut self) -> Option<Action> {
        let tab = self.rng.usize(..self.world.tabs.len());
        match self.rng.usize(..100) {
            0..=24 => self.message(),
            25..=59 => self.progress(tab),
            60..=64 => Some(Action::Begin {
                tab,
                stale: self.rng.u8(..100) < 50,
            }),
            65..=69 => Some(Action::Ask { tab }),
            70..=73 => Some(Action::Ahead { tab }),
            74..=85 => self.trouble(tab),
            86..=91 => Some(self.time()),
            92..=95 if self.backups => Some(self.backup()),
            96.. if self.thief => Some(self.thief()),
            _ => None,
        }
    }

    fn message(&mut self) -> Option<Action> {
        let messages = self.world.network.len();
        (messages > 0).then(|| Action::Arrive {
            message: self.rng.usize(..messages),
        })
    }

    /// Lets the first tab, starting with `from`, proceed that can.
    fn progress(&mut self, from: usize) -> Option<Action> {
        let tabs = self.world.tabs.len();
        (0..tabs).map(|step| (from + step) % tabs).find_map(|tab| {
            let at = &self.world.tabs[tab];
            if self.world.may_lock(tab) {
                Some(Action::Grant { tab })
            } else if !at.sent.is_empty() {
                Some(Action::Answer { tab })
            } else if at.news && self.rng.u8(..100) < 50 {
                Some(Action::Sync { tab })
            } else if at.engine.is_backing_off() && self.rng.u8(..100) < 50 {
                Some(Action::Due { tab })
            } else if at.post.is_some() && !self.world.is_answer_possible(tab) {
                Some(Action::TimeOut { tab })
            } else {
                None
            }
        })
    }

    fn trouble(&mut self, tab: usize) -> Option<Action> {
        let kind = self.rng.usize(..9);
        if kind <= 3 {
            let messages = self.world.network.len();
            if messages == 0 {
                return None;
            }
            let message = self.rng.usize(..messages);
            return Some(match kind {
                0 | 1 => Action::Lose { message },
                2 => Action::ArriveTwice { message },
                _ => Action::Decline {
                    message,
                    busy: self.rng.u8(..100) < 50,
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
        if self.world.server.backup.is_none() || self.rng.u8(..100) < 40 {
            Action::Backup
        } else {
            Action::Restore
        }
    }

    fn thief(&mut self) -> Action {
        if self.world.thief.is_none() {
            return Action::Copy {
                pending: self.rng.u8(..100) < 50,
            };
        }
        let keys = [ThiefKey::Own, ThiefKey::No, ThiefKey::Copied];
        Action::Use {
            key: keys[self.rng.usize(..keys.len())],
        }
    }
}
