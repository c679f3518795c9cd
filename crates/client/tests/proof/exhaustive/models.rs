//! The models, each small enough to check in a few seconds.

use super::budget::Budget;
use super::budget::Kind::{
    Backup, Begin, Copy, Decline, Duplicate, Expire, Lose, Pass, Refresh, Reopen, Restart, Restore,
    Steal, Use,
};
use super::model::SmallModel;
use crate::simulation::{Rules, Storage};

fn without_thief<const N: usize>(
    rules: Rules,
    budget: [(super::budget::Kind, u8); N],
) -> SmallModel {
    SmallModel {
        rules,
        budget: Budget::of(budget),
        thief_copies_pending_key: false,
    }
}

#[test]
fn two_tabs_with_lost_and_duplicated_messages() {
    without_thief(
        Rules::PLAIN,
        [(Refresh, 2), (Lose, 2), (Duplicate, 1), (Steal, 1)],
    )
    .check("two tabs, lost messages, a duplicate, a stolen lock");
}

#[test]
fn requests_with_an_expired_access_token() {
    without_thief(
        Rules::PLAIN,
        [(Begin, 2), (Expire, 1), (Lose, 2), (Decline, 1)],
    )
    .check("requests that get 401");
}

#[test]
fn tabs_closed_and_server_restarted_during_a_refresh() {
    without_thief(
        Rules::PLAIN,
        [
            (Refresh, 2),
            (Reopen, 2),
            (Restart, 1),
            (Pass, 1),
            (Decline, 1),
        ],
    )
    .check("tabs closed, server restarted");
}

#[test]
fn browser_without_web_locks() {
    let rules = Rules {
        locks: false,
        storage: Storage::LateEvents,
        ..Rules::PLAIN
    };
    without_thief(
        rules,
        [
            (Refresh, 2),
            (Lose, 1),
            (Reopen, 1),
            (Duplicate, 1),
            (Pass, 1),
        ],
    )
    .check("no Web Locks, late storage events");
}

#[test]
fn server_restored_from_a_backup() {
    without_thief(
        Rules::PLAIN,
        [
            (Refresh, 3),
            (Backup, 1),
            (Restore, 1),
            (Lose, 1),
            (Pass, 1),
        ],
    )
    .check("restored from a backup");
}

#[test]
fn thief_with_a_copy_of_the_tokens() {
    SmallModel {
        rules: Rules::PLAIN,
        budget: Budget::of([(Refresh, 2), (Copy, 1), (Use, 2), (Lose, 1), (Pass, 1)]),
        thief_copies_pending_key: false,
    }
    .check("a thief with the tokens");
}

#[test]
fn thief_who_copies_the_pending_key_during_a_refresh() {
    SmallModel {
        rules: Rules::PLAIN,
        budget: Budget::of([(Refresh, 2), (Copy, 1), (Use, 2), (Lose, 1)]),
        thief_copies_pending_key: true,
    }
    .check("a thief with the tokens and the pending key");
}

#[test]
fn thief_and_a_backup() {
    SmallModel {
        rules: Rules::PLAIN,
        budget: Budget::of([(Refresh, 2), (Copy, 1), (Use, 2), (Backup, 1), (Restore, 1)]),
        thief_copies_pending_key: true,
    }
    .check("a thief and a backup");
}

#[test]
fn thief_and_a_bound_session() {
    let rules = Rules {
        bound: true,
        ..Rules::PLAIN
    };
    SmallModel {
        rules,
        budget: Budget::of([
            (Refresh, 2),
            (Copy, 1),
            (Use, 2),
            (Lose, 1),
            (Restart, 1),
            (Pass, 1),
        ]),
        thief_copies_pending_key: true,
    }
    .check("a thief and a bound session");
}
