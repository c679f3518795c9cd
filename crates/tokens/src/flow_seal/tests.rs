use latchkey_core::{LoginFlow, ReturnTo, Timestamp, UserId};

use super::{FlowSeal, MAX_SEALED_BYTES, SealBroken};
use crate::{MasterKey, SystemRng};

fn flow() -> LoginFlow {
    LoginFlow {
        provider: "google".into(),
        nonce: "n".repeat(43),
        verifier: "v".repeat(43),
        return_to: ReturnTo::account(),
        max_age: Some(600),
        account: Some(UserId::from_bytes([7; 16])),
        expires_at: Timestamp::from_secs(1_800_000_600),
    }
}

#[test]
fn a_flow_opens_for_its_state_and_its_master_key_only() {
    let [seal, other] = [0; 2].map(|_| FlowSeal::new(&MasterKey::random(&SystemRng)));
    let id = FlowSeal::id_of("state");
    let sealed = seal.seal(id, &flow());
    assert_eq!(seal.open(id, &sealed), Ok(flow()));
    assert_eq!(other.open(id, &sealed), Err(SealBroken));
    assert_eq!(
        seal.open(FlowSeal::id_of("other"), &sealed),
        Err(SealBroken)
    );
    assert_ne!(sealed, seal.seal(id, &flow()), "the nonce is random");
    for secret in ["google", "nnn", "vvv", "account"] {
        assert!(!sealed.contains(secret), "{sealed}");
    }
}

#[test]
fn a_changed_seal_is_refused_wherever_it_was_changed() {
    let seal = FlowSeal::new(&MasterKey::random(&SystemRng));
    let id = FlowSeal::id_of("state");
    let sealed = seal.seal(id, &flow());
    for at in 0..sealed.len() {
        let mut changed = sealed.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("ASCII");
        assert_eq!(seal.open(id, &changed), Err(SealBroken), "at {at}");
    }
    let long = "A".repeat(MAX_SEALED_BYTES + 1);
    let broken = ["", "A", "AAAA", "!", "é", &sealed[1..], &long];
    for broken in broken {
        assert_eq!(seal.open(id, broken), Err(SealBroken), "{broken:?}");
    }
}

#[test]
fn the_longest_flow_fits_into_a_cookie() {
    let seal = FlowSeal::new(&MasterKey::random(&SystemRng));
    let long = format!("/{}", "a".repeat(511));
    let flow = LoginFlow {
        provider: "p".repeat(64),
        return_to: long.parse().expect("a path"),
        ..flow()
    };
    let id = FlowSeal::id_of("state");
    let sealed = seal.seal(id, &flow);
    assert!(sealed.len() < 1300, "{}", sealed.len());
    assert_eq!(seal.open(id, &sealed), Ok(flow));
}
