use core::time::Duration;
use std::collections::HashSet;

use latchkey_core::Timestamp;
use proptest::prelude::*;
use secrecy::ExposeSecret as _;

use super::Nonces;
use crate::{MasterKey, SystemRng};

/// The start of a window.
const BEGIN: Timestamp = Timestamp::from_secs(1_800_000_000);
const WINDOW: Duration = Duration::from_mins(5);
const MILLISECOND: Duration = Duration::from_millis(1);

fn nonces() -> Nonces {
    Nonces::new(&MasterKey::random(&SystemRng), WINDOW)
}

#[test]
fn security_59_nonce_is_valid_in_its_window_and_the_next() {
    let nonces = nonces();
    let nonce = nonces.issue(BEGIN.plus(WINDOW).minus(MILLISECOND));
    let end = BEGIN.plus(2 * WINDOW);
    for now in [BEGIN, BEGIN.plus(WINDOW), end.minus(MILLISECOND)] {
        assert_eq!(nonces.valid_until(&nonce, now), Some(end), "at {now}");
    }
    for now in [BEGIN.minus(MILLISECOND), end, Timestamp::default()] {
        assert_eq!(nonces.valid_until(&nonce, now), None, "at {now}");
    }
}

#[test]
fn first_and_last_windows_do_not_overflow() {
    let nonces = nonces();
    let first = nonces.issue(Timestamp::default());
    assert!(nonces.valid_until(&first, Timestamp::default()).is_some());
    let last = Timestamp::from_millis(u64::MAX);
    assert!(nonces.valid_until(&nonces.issue(last), last).is_some());
}

#[test]
fn nonce_is_valid_only_on_servers_with_the_same_master_key() {
    let master = MasterKey::random(&SystemRng);
    let again = MasterKey::parse(master.to_text().expose_secret()).expect("a key");
    let nonce = Nonces::new(&master, WINDOW).issue(BEGIN);
    assert!(
        Nonces::new(&again, WINDOW)
            .valid_until(&nonce, BEGIN)
            .is_some()
    );
    assert!(nonces().valid_until(&nonce, BEGIN).is_none());
}

#[test]
fn windows_of_different_lengths_have_different_nonces() {
    let master = MasterKey::random(&SystemRng);
    let nonce = Nonces::new(&master, WINDOW).issue(BEGIN);
    let longer = Nonces::new(&master, 3 * WINDOW);
    for now in [BEGIN, Timestamp::from_secs(3 * BEGIN.as_secs())] {
        assert_eq!(longer.valid_until(&nonce, now), None);
    }
}

#[test]
fn security_59_invented_nonces_are_refused() {
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
        assert_eq!(nonces.valid_until(text, BEGIN), None, "{text:?}");
    }
    // Each nonce has one text form, although the last character has two unused bits.
    let valid = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        .chars()
        .filter(|last| {
            let text = format!("{}{last}", &nonce[..42]);
            nonces.valid_until(&text, BEGIN).is_some()
        })
        .count();
    assert_eq!(valid, 1);
}

#[test]
fn every_window_has_its_own_nonce() {
    let nonces = nonces();
    let all: HashSet<_> = (0..1000)
        .map(|window| nonces.issue(BEGIN.plus(window * WINDOW)))
        .collect();
    assert_eq!(all.len(), 1000);
}

proptest! {
    #[test]
    fn arbitrary_text_is_refused_without_panicking(text in ".{0,80}", now: u64) {
        prop_assert_eq!(nonces().valid_until(&text, Timestamp::from_millis(now)), None);
    }
}
