//! Long runs: two tabs that keep refreshing while responses are lost, and planted thieves.

use crate::simulation::{Action, Message, Rules, Simulation, Storage, ThiefKey};
use fastrand::Rng;

/// Lost responses, in percent.
const LOST: u8 = 5;

const RULES: Rules = Rules {
    storage: Storage::LateEvents,
    ..Rules::PLAIN
};

/// Runs a refresh in one tab to its end. Some responses are lost; returns how many.
fn refresh(simulation: &mut Simulation, rng: &mut Rng, tab: usize) -> usize {
    let mut lost = 0;
    simulation.act(Action::Refresh { tab });
    while simulation.tabs[tab].engine.is_refreshing()
        || simulation.tabs[tab].engine.is_backing_off()
    {
        simulation.act(Action::Grant { tab });
        if let Some(message) = simulation.network.len().checked_sub(1) {
            let is_reply = matches!(simulation.network[message], Message::Response { .. });
            if is_reply && rng.u8(..100) < LOST {
                simulation.act(Action::Lose { message });
                lost += 1;
            } else {
                simulation.act(Action::Arrive { message });
            }
        } else if let Some(waits) = (0..2).find(|&tab| simulation.tabs[tab].post.is_some()) {
            // Ten seconds without a response.
            simulation.act(Action::Pass { millis: 10_000 });
            simulation.act(Action::TimeOut { tab: waits });
            if rng.u8(..100) < 10 {
                simulation.act(Action::Reopen { tab: waits });
            }
        } else {
            simulation.act(Action::Pass { millis: 15_000 });
            simulation.act(Action::Retry { tab });
        }
    }
    lost
}

#[test]
#[expect(clippy::print_stderr, reason = "prints the figures")]
fn two_tabs_refresh_ten_thousand_times_each_and_nobody_is_signed_out() {
    let mut simulation = Simulation::new(RULES);
    let mut rng = Rng::with_seed(1);
    let mut lost = 0;
    for _ in 0..10_000 {
        for tab in 0..2 {
            lost += refresh(&mut simulation, &mut rng, tab);
            assert_eq!(simulation.breach, None);
            assert!(simulation.is_signed_in());
        }
    }
    let rotations = simulation.server.session.generation;
    eprintln!("{rotations} rotations, {lost} responses lost, 0 sign-outs");
    assert!(rotations >= 19_000 && lost >= 900, "{rotations}, {lost}");
}

#[test]
fn every_planted_thief_is_caught() {
    for seed in 0..1_000 {
        let mut rng = Rng::with_seed(seed);
        let mut simulation = Simulation::new(RULES);
        let theft = rng.usize(..20);
        let mut uses = 0;
        for turn in 0..40 {
            refresh(&mut simulation, &mut rng, turn % 2);
            simulation.act(Action::Pass { millis: 300_000 });
            if turn == theft {
                // In the middle of a refresh, when there is a pending key.
                simulation.act(Action::Refresh { tab: 0 });
                simulation.act(Action::Grant { tab: 0 });
                simulation.act(Action::Copy {
                    pending: rng.u8(..100) < 50,
                });
            }
            if turn > theft && rng.u8(..100) < 30 {
                let keys = [ThiefKey::Own, ThiefKey::None, ThiefKey::Copied];
                let key = keys[rng.usize(..keys.len())];
                simulation.act(Action::Use { key });
                uses += 1;
            }
            if !simulation.server.session.status.is_live() {
                break;
            }
        }
        assert_eq!(simulation.breach, None, "seed {seed}");
        assert!(uses > 0, "seed {seed}: the thief never used the copy");
        assert!(
            !simulation.server.session.status.is_live(),
            "seed {seed}: the thief got away after {uses} uses"
        );
    }
}
