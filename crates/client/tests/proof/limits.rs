//! Where the guarantees end: each end as the shortest schedule that reaches it. The documentation
//! (`docs/security.md`, "Where the guarantees end") names the same ones. A change that makes one
//! of these tests fail has moved an end: then both should say so.

use crate::world::{Action, Breach, Rules, Storage, ThiefKey, World};

const TAB: usize = 0;
const OTHER: usize = 1;

fn act<const N: usize>(world: &mut World, actions: [Action; N]) {
    for action in actions {
        world.act(action);
    }
}

/// A whole refresh without trouble.
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

/// A refresh whose request is still on its way when the tab has given it up and another tab has
/// got the tokens; then so many further rotations; then it arrives.
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
            // The answer; what stays behind is the duplicate.
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
fn a_duplicate_is_known_for_three_further_rotations_and_a_replay_after_the_fourth() {
    for rotations in 0..=3 {
        assert_eq!(a_request_so_late(rotations).breach, None, "{rotations}");
    }
    let breach = a_request_so_late(4).breach;
    assert_eq!(breach, Some(Breach::HonestSignedOut));
}

/// Two rotations, a duplicate of the second's request still on its way.
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
fn a_restore_forgets_keys_and_a_duplicate_from_before_it_is_a_replay_after_the_next_refresh() {
    let refresh_beside_it = [
        Action::Ask { tab: OTHER },
        Action::Grant { tab: OTHER },
        Action::Arrive { message: 1 },
        Action::Arrive { message: 1 },
    ];
    // Before the next refresh it does no harm.
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

    // A restart of the server breaks the connections: nothing from before arrives.
    let mut world = a_duplicate_and_a_backup_before_it();
    world.act(Action::Restore);
    refresh(&mut world, OTHER);
    assert!(world.network.is_empty());
    assert_eq!(world.breach, None);
}

/// Without Web Locks, and before localStorage has told the one tab what the other one wrote, both
/// choose a key for the same refresh token; the first one to arrive rotates.
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
fn two_keys_for_one_token_do_no_harm_if_the_winner_hears_of_it() {
    let mut world = two_keys_for_one_token();
    while !world.network.is_empty() {
        world.act(Action::Arrive { message: 0 });
    }
    world.quiesce();
    refresh(&mut world, OTHER);
    assert_eq!(world.breach, None);
}

#[test]
fn two_keys_for_one_token_and_a_lost_reply_end_the_session() {
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
fn the_same_in_one_tab_or_with_locks_or_with_fresh_reads_does_no_harm() {
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

/// A refresh on its way, and a thief who copied the tokens and the pending key.
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
    // Ahead of the owner, whose own request then passes for a retry.
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
        "not told apart so far"
    );
    refresh(&mut world, TAB);
    world.act(Action::Pass { millis: 10_000 });
    world.act(Action::Use { key: ThiefKey::Own });
    assert!(!world.server.session.status.is_live(), "told apart now");
}

#[test]
fn a_restore_brings_a_session_to_life_that_was_ended_for_a_replay() {
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
        "the thief goes on until the operator ends the session"
    );
}

#[test]
fn a_clock_set_back_makes_the_grace_longer_but_hands_out_nothing() {
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
