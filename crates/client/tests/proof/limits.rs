//! Where the guarantees end: for each limit, the shortest schedule that reaches it. The
//! documentation (`docs/security.md`, "Where the guarantees end") lists the same limits. A change
//! that makes one of these tests fail has moved a limit; update both.

use crate::simulation::{Action, Breach, Rules, Simulation, Storage, ThiefKey};

const TAB: usize = 0;
const OTHER: usize = 1;

fn act<const N: usize>(simulation: &mut Simulation, actions: [Action; N]) {
    for action in actions {
        simulation.act(action);
    }
}

/// A complete refresh without failures.
fn refresh(simulation: &mut Simulation, tab: usize) {
    act(
        simulation,
        [
            Action::Refresh { tab },
            Action::Grant { tab },
            Action::Arrive { message: 0 },
            Action::Arrive { message: 0 },
        ],
    );
    assert!(!simulation.tabs[tab].engine.is_refreshing());
}

/// A refresh whose request is duplicated; then further rotations; then the duplicate arrives.
fn late_duplicate(rotations: u64) -> Simulation {
    let mut simulation = Simulation::new(Rules {
        max_delay: u64::MAX,
        ..Rules::PLAIN
    });
    act(
        &mut simulation,
        [
            Action::Refresh { tab: TAB },
            Action::Grant { tab: TAB },
            Action::ArriveTwice { message: 0 },
            // The response arrives. The duplicate of the request stays in the network.
            Action::Arrive { message: 1 },
        ],
    );
    for _ in 0..rotations {
        act(
            &mut simulation,
            [
                Action::Refresh { tab: OTHER },
                Action::Grant { tab: OTHER },
                Action::Arrive { message: 1 },
                Action::Arrive { message: 1 },
            ],
        );
    }
    assert_eq!(simulation.server.session.generation, 1 + rotations);
    simulation.act(Action::Arrive { message: 0 });
    simulation
}

#[test]
fn a_duplicate_is_recognized_for_three_further_rotations_and_is_a_replay_after_the_fourth() {
    for rotations in 0..=3 {
        assert_eq!(late_duplicate(rotations).breach, None, "{rotations}");
    }
    let breach = late_duplicate(4).breach;
    assert_eq!(breach, Some(Breach::HonestSignedOut));
}

/// A backup, then two rotations; a duplicate of the second request is still in the network.
fn duplicate_from_before_a_restore() -> Simulation {
    let mut simulation = Simulation::new(Rules::PLAIN);
    act(&mut simulation, [Action::Backup]);
    refresh(&mut simulation, TAB);
    act(
        &mut simulation,
        [
            Action::Refresh { tab: TAB },
            Action::Grant { tab: TAB },
            Action::ArriveTwice { message: 0 },
            Action::Arrive { message: 1 },
        ],
    );
    simulation
}

#[test]
fn after_a_restore_and_the_next_refresh_an_earlier_duplicate_is_a_replay() {
    let refresh_in_other_tab = [
        Action::Refresh { tab: OTHER },
        Action::Grant { tab: OTHER },
        Action::Arrive { message: 1 },
        Action::Arrive { message: 1 },
    ];
    // Before the next refresh the duplicate is harmless.
    let mut simulation = duplicate_from_before_a_restore();
    act(
        &mut simulation,
        [Action::RestoreUnderLoad, Action::Arrive { message: 0 }],
    );
    refresh(&mut simulation, OTHER);
    assert_eq!(simulation.breach, None);

    let mut simulation = duplicate_from_before_a_restore();
    simulation.act(Action::RestoreUnderLoad);
    act(&mut simulation, refresh_in_other_tab);
    assert_eq!(simulation.breach, None);
    simulation.act(Action::Arrive { message: 0 });
    assert_eq!(simulation.breach, Some(Breach::HonestSignedOut));

    // A restart of the server breaks the connections, so the duplicate does not arrive.
    let mut simulation = duplicate_from_before_a_restore();
    simulation.act(Action::Restore);
    refresh(&mut simulation, OTHER);
    assert!(simulation.network.is_empty());
    assert_eq!(simulation.breach, None);
}

/// Without Web Locks, two tabs choose different idempotency keys for the same refresh token, because
/// neither sees yet what the other wrote to localStorage. The first request to arrive rotates the
/// token.
fn two_keys_for_one_token() -> Simulation {
    let mut simulation = Simulation::new(Rules {
        locks: false,
        storage: Storage::Stale,
        ..Rules::PLAIN
    });
    act(
        &mut simulation,
        [
            Action::Refresh { tab: TAB },
            Action::Grant { tab: TAB },
            Action::Refresh { tab: OTHER },
            Action::Grant { tab: OTHER },
            Action::Arrive { message: 0 },
        ],
    );
    simulation
}

#[test]
fn two_keys_for_one_token_are_harmless_if_the_winner_gets_its_response() {
    let mut simulation = two_keys_for_one_token();
    while !simulation.network.is_empty() {
        simulation.act(Action::Arrive { message: 0 });
    }
    simulation.quiesce();
    refresh(&mut simulation, OTHER);
    assert_eq!(simulation.breach, None);
}

#[test]
fn two_keys_for_one_token_and_a_lost_response_end_the_session() {
    for closed in [false, true] {
        let mut simulation = two_keys_for_one_token();
        let response = (0..simulation.network.len())
            .find(|&message| !simulation.is_request(message))
            .expect("a response");
        simulation.act(Action::Lose { message: response });
        if closed {
            simulation.act(Action::Reopen { tab: TAB });
        }
        simulation.quiesce();
        assert_eq!(simulation.breach, Some(Breach::HonestSignedOut));
    }
}

#[test]
fn a_lost_response_is_harmless_with_locks_or_with_fresh_reads() {
    for (locks, storage) in [
        (true, Storage::Stale),
        (true, Storage::LateEvents),
        (false, Storage::LateEvents),
    ] {
        let mut simulation = Simulation::new(Rules {
            locks,
            storage,
            ..Rules::PLAIN
        });
        act(
            &mut simulation,
            [
                Action::Refresh { tab: TAB },
                Action::Grant { tab: TAB },
                Action::Refresh { tab: OTHER },
                Action::Grant { tab: OTHER },
                Action::Arrive { message: 0 },
                Action::Restart,
                Action::Reopen { tab: TAB },
            ],
        );
        simulation.quiesce();
        assert_eq!(simulation.breach, None, "locks: {locks}, {storage:?}");
    }
}

/// A refresh in flight, and a thief who copied the tokens and the pending key.
fn key_copied_in_flight() -> Simulation {
    let mut simulation = Simulation::new(Rules::PLAIN);
    act(
        &mut simulation,
        [
            Action::Refresh { tab: TAB },
            Action::Grant { tab: TAB },
            Action::Copy { pending: true },
        ],
    );
    simulation
}

#[test]
fn a_thief_with_the_pending_key_shares_one_successor_and_no_more() {
    let mut simulation = key_copied_in_flight();
    let copied = Action::Use {
        key: ThiefKey::Copied,
    };
    // The thief's request arrives first, so the owner's request is treated as a retry.
    act(
        &mut simulation,
        [
            copied,
            Action::Arrive { message: 0 },
            Action::Arrive { message: 0 },
        ],
    );
    assert_eq!(simulation.stored_generation(), Some(1));
    assert!(
        simulation.server.session.status.is_live(),
        "thief and owner cannot be told apart yet"
    );
    refresh(&mut simulation, TAB);
    simulation.act(Action::Pass { millis: 10_000 });
    simulation.act(Action::Use { key: ThiefKey::Own });
    assert!(
        !simulation.server.session.status.is_live(),
        "the thief is detected"
    );
}

#[test]
fn a_restore_revives_a_session_that_was_ended_by_a_replay() {
    let mut simulation = Simulation::new(Rules::PLAIN);
    act(
        &mut simulation,
        [
            Action::Backup,
            Action::Copy { pending: false },
            Action::Use { key: ThiefKey::Own },
            Action::Pass { millis: 10_000 },
        ],
    );
    refresh(&mut simulation, TAB);
    assert!(
        !simulation.is_signed_in(),
        "the replay is detected, and the owner is signed out"
    );
    simulation.act(Action::Restore);
    assert!(simulation.server.session.status.is_live());
    let before = simulation.server.session.generation;
    simulation.act(Action::Use { key: ThiefKey::Own });
    assert!(
        simulation.server.session.generation > before,
        "the thief can continue until the operator ends the session"
    );
}

#[test]
fn a_clock_set_back_extends_the_leeway_but_issues_no_tokens() {
    let mut simulation = Simulation::new(Rules::PLAIN);
    simulation.act(Action::Copy { pending: false });
    refresh(&mut simulation, TAB);
    simulation.act(Action::SetBack { millis: 60_000 });
    for _ in 0..6 {
        simulation.act(Action::Use { key: ThiefKey::Own });
        assert!(simulation.server.session.status.is_live());
        assert_eq!(simulation.server.session.generation, 1);
        simulation.act(Action::Pass { millis: 10_000 });
    }
    simulation.act(Action::Pass { millis: 10_000 });
    simulation.act(Action::Use { key: ThiefKey::Own });
    assert!(!simulation.server.session.status.is_live());
}
