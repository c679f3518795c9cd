//! Where the guarantees end: for each limit, the shortest schedule that reaches it. The
//! documentation (`docs/security.md`, "Where the guarantees end") lists the same limits. A change
//! that makes one of these tests fail has moved a limit; update both.

use crate::world::{Action, Breach, Rules, Storage, ThiefKey, World};

const TAB: usize = 0;
const OTHER: usize = 1;

fn act<const N: usize>(world: &mut World, actions: [Action; N]) {
    for action in actions {
        world.act(action);
    }
}

/// A complete refresh without failures.
fn refresh(world: &mut World, tab: usize) {
    act(
        world,
        [
            Action::Ask { tab },
            Action::Grant { tab },
            Action::Arrive { message: 0 },
            Action::Arrive { message: 0 },
        ],
    );
    assert!(!world.tabs[tab].engine.is_refreshing());
}

/// A refresh whose request is duplicated; then further rotations; then the duplicate arrives.
fn a_request_so_late(rotations: u64) -> World {
    let mut world = World::new(Rules {
        most_late: u64::MAX,
        ..Rules::PLAIN
    });
    act(
        &mut world,
        [
            Action::Ask { tab: TAB },
            Action::Grant { tab: TAB },
            Action::ArriveTwice { message: 0 },
            // The response. The duplicate stays in the network.
            Action::Arrive { message: 1 },
        ],
    );
    for _ in 0..rotations {
        act(
            &mut world,
            [
                Action::Ask { tab: OTHER },
                Action::Grant { tab: OTHER },
                Action::Arrive { message: 1 },
                Action::Arrive { message: 1 },
            ],
        );
    }
    assert_eq!(world.server.session.generation, 1 + rotations);
    world.act(Action::Arrive { message: 0 });
    world
}

#[test]
fn a_duplicate_is_recognised_for_three_further_rotations_and_is_a_replay_after_the_fourth() {
    for rotations in 0..=3 {
        assert_eq!(a_request_so_late(rotations).breach, None, "{rotations}");
    }
    let breach = a_request_so_late(4).breach;
    assert_eq!(breach, Some(Breach::HonestSignedOut));
}

/// A backup, then two rotations; a duplicate of the second request is still in the network.
fn a_duplicate_and_a_backup_before_it() -> World {
    let mut world = World::new(Rules::PLAIN);
    act(&mut world, [Action::Backup]);
    refresh(&mut world, TAB);
    act(
        &mut world,
        [
            Action::Ask { tab: TAB },
            Action::Grant { tab: TAB },
            Action::ArriveTwice { message: 0 },
            Action::Arrive { message: 1 },
        ],
    );
    world
}

#[test]
fn after_a_restore_an_earlier_duplicate_is_a_replay_after_the_next_refresh() {
    let refresh_beside_it = [
        Action::Ask { tab: OTHER },
        Action::Grant { tab: OTHER },
        Action::Arrive { message: 1 },
        Action::Arrive { message: 1 },
    ];
    // Before the next refresh the duplicate is harmless.
    let mut world = a_duplicate_and_a_backup_before_it();
    act(
        &mut world,
        [Action::RestoreUnderLoad, Action::Arrive { message: 0 }],
    );
    refresh(&mut world, OTHER);
    assert_eq!(world.breach, None);

    let mut world = a_duplicate_and_a_backup_before_it();
    world.act(Action::RestoreUnderLoad);
    act(&mut world, refresh_beside_it);
    assert_eq!(world.breach, None);
    world.act(Action::Arrive { message: 0 });
    assert_eq!(world.breach, Some(Breach::HonestSignedOut));

    // A restart of the server breaks the connections, so the duplicate does not arrive.
    let mut world = a_duplicate_and_a_backup_before_it();
    world.act(Action::Restore);
    refresh(&mut world, OTHER);
    assert!(world.network.is_empty());
    assert_eq!(world.breach, None);
}

/// Without Web Locks, and before one tab sees what the other wrote to localStorage, both choose an
/// idempotency key for the same refresh token. The first request to arrive rotates.
fn two_keys_for_one_token() -> World {
    let mut world = World::new(Rules {
        locks: false,
        storage: Storage::Stale,
        ..Rules::PLAIN
    });
    act(
        &mut world,
        [
            Action::Ask { tab: TAB },
            Action::Grant { tab: TAB },
            Action::Ask { tab: OTHER },
            Action::Grant { tab: OTHER },
            Action::Arrive { message: 0 },
        ],
    );
    world
}

#[test]
fn two_keys_for_one_token_are_harmless_if_the_winner_gets_its_response() {
    let mut world = two_keys_for_one_token();
    while !world.network.is_empty() {
        world.act(Action::Arrive { message: 0 });
    }
    world.quiesce();
    refresh(&mut world, OTHER);
    assert_eq!(world.breach, None);
}

#[test]
fn two_keys_for_one_token_and_a_lost_response_end_the_session() {
    for closed in [false, true] {
        let mut world = two_keys_for_one_token();
        let answer = (0..world.network.len())
            .find(|&message| !world.is_request(message))
            .expect("an answer");
        world.act(Action::Lose { message: answer });
        if closed {
            world.act(Action::Reopen { tab: TAB });
        }
        world.quiesce();
        assert_eq!(world.breach, Some(Breach::HonestSignedOut));
    }
}

#[test]
fn a_lost_response_is_harmless_with_locks_or_with_fresh_reads() {
    for (locks, storage) in [
        (true, Storage::Stale),
        (true, Storage::LateEvents),
        (false, Storage::LateEvents),
    ] {
        let mut world = World::new(Rules {
            locks,
            storage,
            ..Rules::PLAIN
        });
        act(
            &mut world,
            [
                Action::Ask { tab: TAB },
                Action::Grant { tab: TAB },
                Action::Ask { tab: OTHER },
                Action::Grant { tab: OTHER },
                Action::Arrive { message: 0 },
                Action::Restart,
                Action::Reopen { tab: TAB },
            ],
        );
        world.quiesce();
        assert_eq!(world.breach, None, "locks: {locks}, {storage:?}");
    }
}

/// A refresh in flight, and a thief who copied the tokens and the pending key.
fn a_key_copied_in_flight() -> World {
    let mut world = World::new(Rules::PLAIN);
    act(
        &mut world,
        [
            Action::Ask { tab: TAB },
            Action::Grant { tab: TAB },
            Action::Copy { pending: true },
        ],
    );
    world
}

#[test]
fn a_thief_with_the_pending_key_shares_one_successor_and_no_more() {
    let mut world = a_key_copied_in_flight();
    let copied = Action::Use {
        key: ThiefKey::Copied,
    };
    // The thief's request arrives first, so the owner's request is treated as a retry.
    act(
        &mut world,
        [
            copied,
            Action::Arrive { message: 0 },
            Action::Arrive { message: 0 },
        ],
    );
    assert_eq!(world.held(), Some(1));
    assert!(
        world.server.session.status.is_live(),
        "thief and owner cannot be told apart yet"
    );
    refresh(&mut world, TAB);
    world.act(Action::Pass { millis: 10_000 });
    world.act(Action::Use { key: ThiefKey::Own });
    assert!(
        !world.server.session.status.is_live(),
        "the thief is detected"
    );
}

#[test]
fn a_restore_revives_a_session_that_was_ended_by_a_replay() {
    let mut world = World::new(Rules::PLAIN);
    act(
        &mut world,
        [
            Action::Backup,
            Action::Copy { pending: false },
            Action::Use { key: ThiefKey::Own },
            Action::Pass { millis: 10_000 },
        ],
    );
    refresh(&mut world, TAB);
    assert!(!world.is_signed_in(), "caught, and the owner signed out");
    world.act(Action::Restore);
    assert!(world.server.session.status.is_live());
    let before = world.server.session.generation;
    world.act(Action::Use { key: ThiefKey::Own });
    assert!(
        world.server.session.generation > before,
        "the thief can continue until the operator ends the session"
    );
}

#[test]
fn a_clock_set_back_extends_the_leeway_but_issues_no_tokens() {
    let mut world = World::new(Rules::PLAIN);
    world.act(Action::Copy { pending: false });
    refresh(&mut world, TAB);
    world.act(Action::SetBack { millis: 60_000 });
    for _ in 0..6 {
        world.act(Action::Use { key: ThiefKey::Own });
        assert!(world.server.session.status.is_live());
        assert_eq!(world.server.session.generation, 1);
        world.act(Action::Pass { millis: 10_000 });
    }
    world.act(Action::Pass { millis: 10_000 });
    world.act(Action::Use { key: ThiefKey::Own });
    assert!(!world.server.session.status.is_live());
}
