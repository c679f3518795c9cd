//! Signing keys: if several servers rotate, one succeeds, and a key that does not sign yet gets no
//! successor.

use core::time::Duration;

use latchkey_core::{SealedSigningKey, SigningAlgorithm, Timestamp};

use super::fixtures::NOW;
use crate::store::Store;

fn key(kid: &str, at: Timestamp) -> SealedSigningKey {
    SealedSigningKey {
        kid: kid.into(),
        algorithm: SigningAlgorithm::ES256,
        sealed: "c2VhbGVk".into(),
        created_at: at,
        signs_from: at,
        verifies_until: None,
    }
}

pub(super) async fn check(store: &dyn Store) {
    let later = NOW.plus(Duration::from_hours(1));
    let retire_at = later.plus(Duration::from_mins(10));
    let add =
        |key, after: Option<&str>| store.add_signing_key(key, after.map(str::to_owned), retire_at);
    assert_eq!(store.signing_keys().await, Ok(vec![]));
    assert_eq!(add(key("one", NOW), None).await, Ok(true));
    assert_eq!(
        add(key("rival", NOW), None).await,
        Ok(false),
        "two servers added the first key"
    );
    assert_eq!(add(key("two", later), Some("one")).await, Ok(true));
    assert_eq!(
        add(key("rival", later), Some("one")).await,
        Ok(false),
        "two servers rotated"
    );

    let in_an_hour = later.plus(Duration::from_hours(1));
    let pending = |kid, created_at, algorithm| SealedSigningKey {
        algorithm,
        signs_from: in_an_hour,
        ..key(kid, created_at)
    };
    let es256 = SigningAlgorithm::ES256;
    let ready = pending("three", later, es256);
    assert_eq!(add(ready, Some("two")).await, Ok(true));
    let minute_before = in_an_hour.minus(Duration::from_mins(1));
    assert_eq!(
        add(pending("four", minute_before, es256), Some("three")).await,
        Ok(false),
        "the newest key does not sign yet"
    );
    let other = pending("other", minute_before, SigningAlgorithm::EdDSA);
    assert_eq!(
        add(other, Some("three")).await,
        Ok(true),
        "the configured algorithm has changed"
    );
    assert_eq!(
        add(key("four", in_an_hour), Some("other")).await,
        Ok(true),
        "the newest key signs"
    );
    let ahead = key("ahead", in_an_hour.plus(Duration::from_hours(30 * 24)));
    assert_eq!(add(ahead, Some("four")).await, Ok(true));
    let minute_later = in_an_hour.plus(Duration::from_mins(1));
    assert_eq!(
        add(key("five", minute_later), Some("ahead")).await,
        Ok(true),
        "a key created while a clock was ahead does not prevent a rotation"
    );

    let mut keys = store.signing_keys().await.expect("read");
    keys.sort_by_key(|key| (key.created_at, key.signs_from));
    let ends: Vec<_> = keys
        .iter()
        .map(|key| (key.kid.as_str(), key.verifies_until))
        .collect();
    let retired = ["one", "two", "three", "other", "four"].map(|kid| (kid, Some(retire_at)));
    let latest = [("five", None), ("ahead", Some(retire_at))];
    assert_eq!(ends, [&retired[..], &latest].concat());

    store.sweep(retire_at, 100).await.expect("swept");
    assert_eq!(store.signing_keys().await.expect("read").len(), 1);
}
