//! The simulation as a `stateright` model.

use std::time::Instant;

use latchkey_core::rotation::REUSE_LEEWAY;
use stateright::{Checker, Model, Property};

use super::budget::{Budget, Kind};
use crate::world::{Action, Breach, Rules, ThiefKey, World};

/// A model: the parameters of a simulation and a budget of actions.
#[derive(Clone, Debug)]
pub(super) struct Small {
    pub(super) rules: Rules,
    pub(super) budget: Budget,
    /// Whether the thief can copy a pending key.
    pub(super) pending_copied: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) world: World,
    left: Budget,
}

impl Model for Small {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            world: World::new(self.rules),
            left: self.budget,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let (world, left) = (&state.world, &state.left);
        if world.breach.is_some() {
            return;
        }
        for tab in 0..world.tabs.len() {
            of_tab(world, left, tab, actions);
        }
        for message in 0..world.network.len() {
            of_message(world, left, message, actions);
        }
        self.of_server_and_thief(world, left, actions);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = last.clone();
        let answer_possible = match action {
            Action::TimeOut { tab } => last.world.is_answer_possible(tab),
            _ => true,
        };
        next.left.pay(action, answer_possible);
        next.world.act(action);
        next.world.tidy_network();
        (next != *last).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(
                "an honest browser is never signed out",
                |_, state: &State| state.lacks(Breach::HonestSignedOut),
            ),
            Property::always(
                "a bound session issues no tokens to a thief",
                |_, state: &State| state.lacks(Breach::BoundServedThief),
            ),
            Property::always("an ended session issues no tokens", |_, state: &State| {
                state.lacks(Breach::EndedServes)
            }),
            Property::always(
                "thief and owner never both keep rotating",
                |_, state: &State| state.lacks(Breach::BothGoOn),
            ),
            Property::always(
                "only an explicit refusal ends a session",
                |_, state: &State| state.lacks(Breach::EndedWithoutRefusal),
            ),
            Property::always(
                "older tokens never replace newer ones in storage",
                |_, state: &State| state.lacks(Breach::WentBack),
            ),
            Property::always(
                "one refresh at a time, one response per request",
                |_, state: &State| state.lacks(Breach::Disorder),
            ),
            Property::always("all waiting requests complete", |_, state: &State| {
                let mut world = state.world.clone();
                world.quiesce();
                world.breach == state.world.breach
            }),
            Property::always(
                "a thief who keeps refreshing is caught",
                |_, state: &State| {
                    if state.world.thief.is_none() {
                        return true;
                    }
                    let mut world = state.world.clone();
                    world.quiesce();
                    world.let_both_go_on();
                    world.breach == state.world.breach
                },
            ),
        ]
    }
}

impl State {
    fn lacks(&self, breach: Breach) -> bool {
        self.world.breach != Some(breach)
    }
}

fn of_tab(world: &World, left: &Budget, tab: usize, actions: &mut Vec<Action>) {
    let at = &world.tabs[tab];
    if left.has(Kind::Begin) {
        actions.push(Action::Begin { tab, stale: false });
        actions.push(Action::Begin { tab, stale: true });
        if !at.open.is_empty() {
            actions.push(Action::Abandon { tab });
        }
    }
    if left.has(Kind::Ask) {
        actions.push(Action::Ask { tab });
        actions.push(Action::Ahead { tab });
    }
    if !at.sent.is_empty() {
        actions.push(Action::Answer { tab });
    }
    if left.has(Kind::Due) && at.engine.is_backing_off() {
        actions.push(Action::Due { tab });
    }
    if at.news {
        actions.push(Action::Sync { tab });
    }
    if world.may_lock(tab) {
        actions.push(Action::Grant { tab });
    } else if at.wants_lock && left.has(Kind::Steal) {
        actions.push(Action::Steal { tab });
    }
    if at.post.is_some() && (left.has(Kind::Lose) || !world.is_answer_possible(tab)) {
        actions.push(Action::TimeOut { tab });
    }
    if left.has(Kind::Reopen) {
        actions.push(Action::Reopen { tab });
    }
}

fn of_message(world: &World, left: &Budget, message: usize, actions: &mut Vec<Action>) {
    actions.push(Action::Arrive { message });
    if left.has(Kind::Lose) {
        actions.push(Action::Lose { message });
    }
    if world.is_request(message) {
        if left.has(Kind::Twice) {
            actions.push(Action::ArriveTwice { message });
        }
        if left.has(Kind::Decline) {
            actions.push(Action::Decline {
                message,
                busy: false,
            });
            actions.push(Action::Decline {
                message,
                busy: true,
            });
        }
    }
}

impl Small {
    fn of_server_and_thief(&self, world: &World, left: &Budget, actions: &mut Vec<Action>) {
        let grace = u32::try_from(REUSE_LEEWAY.as_millis()).expect("seconds");
        let single = [
            (Kind::Expire, Action::Expire),
            (Kind::Pass, Action::Pass { millis: grace }),
            (Kind::Restart, Action::Restart),
            (Kind::Backup, Action::Backup),
        ];
        actions.extend(
            single
                .into_iter()
                .filter(|&(kind, _)| left.has(kind))
                .map(|(_, action)| action),
        );
        if left.has(Kind::Restore) && world.server.backup.is_some() {
            actions.push(Action::Restore);
        }
        if left.has(Kind::Copy) {
            actions.push(Action::Copy { pending: false });
            if self.pending_copied && world.storage.pending.is_some() {
                actions.push(Action::Copy { pending: true });
            }
        }
        if left.has(Kind::Use) && world.thief.is_some() {
            let keys = [ThiefKey::Own, ThiefKey::No, ThiefKey::Copied];
            actions.extend(keys.map(|key| Action::Use { key }));
        }
    }

    /// Visits every state and prints how many there are.
    #[expect(clippy::print_stderr, reason = "prints the figures")]
    pub(super) fn check(self, name: &str) {
        let began = Instant::now();
        let checker = self.checker().threads(2).spawn_bfs().join();
        eprintln!(
            "{name}: {} states ({} visits), {} steps deep, {:.1} s",
            checker.unique_state_count(),
            checker.state_count(),
            checker.max_depth(),
            began.elapsed().as_secs_f32()
        );
        checker.assert_properties();
    }
}
