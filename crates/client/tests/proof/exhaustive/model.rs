//! The simulation as a `stateright` model.

use std::time::Instant;

use latchkey_core::rotation::REUSE_LEEWAY;
use stateright::{Checker, Model, Property};

use super::budget::{Budget, Kind};
use crate::simulation::{Action, Breach, Rules, Simulation, ThiefKey};

/// A model: the parameters of a simulation and a budget of actions.
#[derive(Clone, Debug)]
pub(super) struct SmallModel {
    pub(super) rules: Rules,
    pub(super) budget: Budget,
    /// Whether the thief can copy a pending key.
    pub(super) thief_copies_pending_key: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) simulation: Simulation,
    left: Budget,
}

impl Model for SmallModel {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            simulation: Simulation::new(self.rules),
            left: self.budget,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let (simulation, left) = (&state.simulation, &state.left);
        if simulation.breach.is_some() {
            return;
        }
        for tab in 0..simulation.tabs.len() {
            tab_actions(simulation, left, tab, actions);
        }
        for message in 0..simulation.network.len() {
            message_actions(simulation, left, message, actions);
        }
        self.server_and_thief_actions(simulation, left, actions);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = last.clone();
        let response_possible = match action {
            Action::TimeOut { tab } => last.simulation.is_response_possible(tab),
            _ => true,
        };
        next.left.pay(action, response_possible);
        next.simulation.act(action);
        next.simulation.sort_network();
        (next != *last).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(
                "an honest browser is never signed out",
                |_, state: &State| state.has_no(Breach::HonestSignedOut),
            ),
            Property::always(
                "a bound session issues no tokens to a thief",
                |_, state: &State| state.has_no(Breach::BoundServedThief),
            ),
            Property::always("an ended session issues no tokens", |_, state: &State| {
                state.has_no(Breach::EndedSessionIssued)
            }),
            Property::always(
                "thief and owner never both keep rotating",
                |_, state: &State| state.has_no(Breach::BothKeepRotating),
            ),
            Property::always(
                "only an explicit refusal ends a session",
                |_, state: &State| state.has_no(Breach::EndedWithoutRefusal),
            ),
            Property::always(
                "older tokens never replace newer ones in storage",
                |_, state: &State| state.has_no(Breach::OlderTokensStored),
            ),
            Property::always(
                "one refresh at a time, one response per request",
                |_, state: &State| state.has_no(Breach::ProtocolViolation),
            ),
            Property::always("all waiting requests complete", |_, state: &State| {
                let mut simulation = state.simulation.clone();
                simulation.quiesce();
                simulation.breach == state.simulation.breach
            }),
            Property::always(
                "a thief who keeps refreshing is caught",
                |_, state: &State| {
                    if state.simulation.thief.is_none() {
                        return true;
                    }
                    let mut simulation = state.simulation.clone();
                    simulation.quiesce();
                    simulation.let_both_keep_refreshing();
                    simulation.breach == state.simulation.breach
                },
            ),
        ]
    }
}

impl State {
    fn has_no(&self, breach: Breach) -> bool {
        self.simulation.breach != Some(breach)
    }
}

fn tab_actions(simulation: &Simulation, left: &Budget, tab: usize, actions: &mut Vec<Action>) {
    let at = &simulation.tabs[tab];
    if left.has(Kind::Begin) {
        actions.push(Action::Begin { tab, stale: false });
        actions.push(Action::Begin { tab, stale: true });
        if !at.open.is_empty() {
            actions.push(Action::Abandon { tab });
        }
    }
    if left.has(Kind::Refresh) {
        actions.push(Action::Refresh { tab });
        actions.push(Action::RefreshAhead { tab });
    }
    if !at.sent.is_empty() {
        actions.push(Action::Respond { tab });
    }
    if left.has(Kind::Retry) && at.engine.is_backing_off() {
        actions.push(Action::Retry { tab });
    }
    if at.has_storage_event {
        actions.push(Action::Sync { tab });
    }
    if simulation.can_lock(tab) {
        actions.push(Action::Grant { tab });
    } else if at.wants_lock && left.has(Kind::Steal) {
        actions.push(Action::Steal { tab });
    }
    if at.post.is_some() && (left.has(Kind::Lose) || !simulation.is_response_possible(tab)) {
        actions.push(Action::TimeOut { tab });
    }
    if left.has(Kind::Reopen) {
        actions.push(Action::Reopen { tab });
    }
}

fn message_actions(
    simulation: &Simulation,
    left: &Budget,
    message: usize,
    actions: &mut Vec<Action>,
) {
    actions.push(Action::Arrive { message });
    if left.has(Kind::Lose) {
        actions.push(Action::Lose { message });
    }
    if simulation.is_request(message) {
        if left.has(Kind::Duplicate) {
            actions.push(Action::ArriveTwice { message });
        }
        if left.has(Kind::Decline) {
            actions.push(Action::Decline {
                message,
                rate_limited: false,
            });
            actions.push(Action::Decline {
                message,
                rate_limited: true,
            });
        }
    }
}

impl SmallModel {
    fn server_and_thief_actions(
        &self,
        simulation: &Simulation,
        left: &Budget,
        actions: &mut Vec<Action>,
    ) {
        let leeway = u32::try_from(REUSE_LEEWAY.as_millis()).expect("seconds");
        let single = [
            (Kind::Expire, Action::Expire),
            (Kind::Pass, Action::Pass { millis: leeway }),
            (Kind::Restart, Action::Restart),
            (Kind::Backup, Action::Backup),
        ];
        actions.extend(
            single
                .into_iter()
                .filter(|&(kind, _)| left.has(kind))
                .map(|(_, action)| action),
        );
        if left.has(Kind::Restore) && simulation.server.backup.is_some() {
            actions.push(Action::Restore);
        }
        if left.has(Kind::Copy) {
            actions.push(Action::Copy { pending: false });
            if self.thief_copies_pending_key && simulation.storage.pending.is_some() {
                actions.push(Action::Copy { pending: true });
            }
        }
        if left.has(Kind::Use) && simulation.thief.is_some() {
            let keys = [ThiefKey::Own, ThiefKey::None, ThiefKey::Copied];
            actions.extend(keys.map(|key| Action::Use { key }));
        }
    }

    /// Visits every state, prints how many there are and asserts the properties.
    #[expect(clippy::print_stderr, reason = "prints the figures")]
    pub(super) fn check(self, name: &str) {
        let started_at = Instant::now();
        let checker = self.checker().threads(2).spawn_bfs().join();
        eprintln!(
            "{name}: {} states ({} visits), {} steps deep, {:.1} s",
            checker.unique_state_count(),
            checker.state_count(),
            checker.max_depth(),
            started_at.elapsed().as_secs_f32()
        );
        checker.assert_properties();
    }
}
