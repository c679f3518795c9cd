use core::time::Duration;
use std::collections::HashSet;

use latchkey_core::Timestamp;
use proptest::prelude::*;

use super::Nonces;
use crate::{MasterKey, SystemRng};

/// The first moment of a window.
const BEGIN: Timestamp = Timestamp::from_secs(1_800_000_000);
const WINDOW: Duration = Duration::from_mins(5);
const MOMENT: Duration = Duration::from_millis(1);

fn nonces() -> Nonces {
    Nonces::new(&MasterKey::random(&SystemRng), WINDOW)
}

#[test]
fn security_59_a_nonce_is_good_in_its_window_and_the_next() {
    let nonces = nonces();
    let nonce = nonces.issue(BEGIN.plus(WINDOW).minus(MOMENT));
    let end = BEGIN.plus(2 * WINDOW);
    for now in [BEGIN, BEGIN.plus(WINDOW), end.minus(MOMENT)] {
        assert_eq!(nonces.good_until(&nonce, now), Some(end), "at {now}");
    }
    for now in [BEGIN.minus(MOMENT), end, Timestamp::default()] {
        assert_eq!(nonces.good_until(&nonce, now), None, "at {now}");
    }
}

#[test]
fn the_windows_of_the_beginning_of_time_do_not_underflow() {
    let nonces = nonces();
    let first = nonces.issue(Timestamp::default());
    assert!(nonces.good_until(&first, Timestamp::default()).is_some());
    let last = Timestamp::from_millis(u64::MAX);
    assert!(nonces.good_until(&nonces.issue(last), last).is_some());
}

#[test]
fn servers_with_the_same_master_key_know_each_others_nonces_and_no_others() {
    let master = MasterKey::random(&SystemRng);
    let again = MasterKey::parse(&master.to_text()).expect("a key");
    let nonce = Nonces::new(&master, WINDOW).issue(BEGIN);
    assert!(
        Nonces::new(&again, WINDOW)
            .good_until(&nonce, BEGIN)
            .is_some()
    );
    assert!(nonces().good_until(&nonce, BEGIN).is_none());
}

#[test]
fn windows_of_another_length_have_other_nonces() {
    let master = MasterKey::random(&SystemRng);
    let nonce = Nonces::new(&master, WINDOW).issue(BEGIN);
    let longer = Nonces::new(&master, 3 * WINDOW);
    for now in [BEGIN, Timestamp::from_secs(3 * BEGIN.as_secs())] {
        assert_eq!(longer.good_until(&nonce, now), None);
    }
}

#[test]
fn security_59_an_invented_nonce_is_not_known() {
    let nonces = nonces();
    let nonce = nonces.issue(BEGIN);
    for text in [
        "",
        "1800000000",
        &nonce[1..],
        &format!("{nonce}="),
        &format!("{nonce}A"),
        &nonce.to_lowercase(),
        &"A".repeat(43),
        &"A".repeat(100_000),
    ] {
        assert_eq!(nonces.good_until(text, BEGIN), None, "{text:?}");
    }
    // One text per nonce: the last character has two bits that say nothing.
    let known = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        .chars()
        .filter(|last| {
            let text = format!("{}{last}", &nonce[..42]);
            nonces.good_until(&text, BEGIN).is_some()
        })
        .count();
    assert_eq!(known, 1);
}

#[test]
fn every_window_has_a_nonce_of_its_own() {
    let nonces = nonces();
    let all: HashSet<_> = (0..1000)
        .map(|window| nonces.issue(BEGIN.plus(window * WINDOW)))
        .collect();
    assert_eq!(all.len(), 1000);
}

proptest! {
    #[test]
    fn no_text_is_taken_and_none_panics(text in ".{0,80}", now: u64) {
        prop_assert_eq!(nonces().good_until(&text, Timestamp::from_millis(now)), None);
    }
}
