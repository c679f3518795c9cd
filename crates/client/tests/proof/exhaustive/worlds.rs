//! The worlds, each as large as some seconds allow.

use super::budget::Budget;
use super::budget::Kind::{
    Ask, Backup, Begin, Copy, Decline, Expire, Lose, Pass, Reopen, Restart, Restore, Steal, Twice,
    Use,
};
use super::model::Small;
use crate::world::{Rules, Storage};

fn honest<const N: usize>(rules: Rules, budget: [(super::budget::Kind, u8); N]) -> Small {
    Small {
        rules,
        budget: Budget::of(budget),
        pending_copied: false,
    }
}

#[test]
fn two_tabs_over_a_network_that_loses_and_repeats() {
    honest(Rules::PLAIN, [(Ask, 2), (Lose, 2), (Twice, 1), (Steal, 1)])
        .check("two tabs, losses, a duplicate, a stolen lock");
}

#[test]
fn requests_whose_access_token_expires() {
    honest(
        Rules::PLAIN,
        [(Begin, 2), (Expire, 1), (Lose, 2), (Decline, 1)],
    )
    .check("requests that get 401");
}

#[test]
fn tabs_closed_and_a_server_restarted_in_mid_refresh() {
    honest(
        Rules::PLAIN,
        [(Ask, 2), (Reopen, 2), (Restart, 1), (Pass, 1), (Decline, 1)],
    )
    .check("tabs closed, the server restarted");
}

#[test]
fn a_browser_without_web_locks() {
    let rules = Rules {
        locks: false,
        storage: Storage::LateEvents,
        ..Rules::PLAIN
    };
    honest(
        rules,
        [(Ask, 2), (Lose, 1), (Reopen, 1), (Twice, 1), (Pass, 1)],
    )
    .check("no Web Locks, late storage events");
}

#[test]
fn a_server_restored_from_a_backup() {
    honest(
        Rules::PLAIN,
        [(Ask, 3), (Backup, 1), (Restore, 1), (Lose, 1), (Pass, 1)],
    )
    .check("restored from a backup");
}

#[test]
fn a_thief_with_a_copy_of_the_tokens() {
    Small {
        rules: Rules::PLAIN,
        budget: Budget::of([(Ask, 2), (Copy, 1), (Use, 2), (Lose, 1), (Pass, 1)]),
        pending_copied: false,
    }
    .check("a thief with the tokens");
}

#[test]
fn a_thief_who_copies_the_pending_key_in_flight() {
    Small {
        rules: Rules::PLAIN,
        budget: Budget::of([(Ask, 2), (Copy, 1), (Use, 2), (Lose, 1)]),
        pending_copied: true,
    }
    .check("a thief with the tokens and the pending key");
}

#[test]
fn a_thief_and_a_backup() {
    Small {
        rules: Rules::PLAIN,
        budget: Budget::of([(Ask, 2), (Copy, 1), (Use, 2), (Backup, 1), (Restore, 1)]),
        pending_copied: true,
    }
    .check("a thief and a backup");
}

#[test]
fn a_thief_and_a_bound_session() {
    let rules = Rules {
        bound: true,
        ..Rules::PLAIN
    };
    Small {
        rules,
        budget: Budget::of([
            (Ask, 2),
            (Copy, 1),
            (Use, 2),
            (Lose, 1),
            (Restart, 1),
            (Pass, 1),
        ]),
        pending_copied: true,
    }
    .check("a thief and a bound session");
}
