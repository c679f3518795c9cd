//! Signing keys: if several servers rotate, one succeeds.

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

    let mut keys = store.signing_keys().await.expect("read");
    keys.sort_by_key(|key| key.created_at);
    let ends: Vec<_> = keys
        .iter()
        .map(|key| (key.kid.as_str(), key.verifies_until))
        .collect();
    assert_eq!(ends, [("one", Some(retire_at)), ("two", None)]);

    store.sweep(retire_at, 100).await.expect("swept");
    assert_eq!(store.signing_keys().await.expect("read").len(), 1);
}
