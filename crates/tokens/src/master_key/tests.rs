use std::collections::HashSet;

use super::{MasterKey, Purpose, SealBroken};
use crate::SystemRng;

#[test]
fn the_text_form_round_trips_and_nothing_else_is_taken() {
    let text = MasterKey::random(&SystemRng).to_text();
    assert_eq!(
        MasterKey::parse(&format!(" {text}\n")).map(|key| key.to_text()),
        Ok(text.clone())
    );
    for other in [
        "",
        "short",
        &text[..42],
        &format!("{text}="),
        &format!("{text}{text}"),
    ] {
        assert!(MasterKey::parse(other).is_err(), "{other:?} was taken");
    }
}

#[test]
fn keys_differ_by_purpose_and_by_master() {
    let (one, two) = (MasterKey::random(&SystemRng), MasterKey::random(&SystemRng));
    let purposes = [
        Purpose::DpopNonces,
        Purpose::FlowSeal,
        Purpose::RefreshTokens,
        Purpose::SigningKeySeal,
    ];
    let keys: HashSet<_> = purposes.map(|purpose| one.derive(purpose)).into();
    assert_eq!(keys.len(), purposes.len());
    assert_ne!(
        one.derive(Purpose::RefreshTokens),
        two.derive(Purpose::RefreshTokens)
    );
}

#[test]
fn what_is_sealed_opens_with_the_same_key_and_context_only() {
    let (key, other) = (MasterKey::random(&SystemRng), MasterKey::random(&SystemRng));
    let sealed = key.seal("kid", b"secret");
    assert_eq!(key.open("kid", &sealed).as_deref(), Ok(&b"secret"[..]));
    assert_eq!(key.open("other", &sealed), Err(SealBroken));
    assert_eq!(other.open("kid", &sealed), Err(SealBroken));
    for broken in ["", "AAAA", "!", &sealed[..sealed.len() - 2]] {
        assert_eq!(key.open("kid", broken), Err(SealBroken), "{broken:?}");
    }
}
