//! Accounts: one for each pair of issuer and subject.

use latchkey_core::{Identity, Profile, UserId};

use super::world::{NOW, profile};
use crate::store::Store;

pub(super) async fn check(store: &dyn Store) {
    let id = |number| UserId::from_bytes([number; 16]);
    let ada = store
        .upsert_identity(profile("ada"), id(1), NOW)
        .await
        .expect("made");
    assert_eq!((ada.id, ada.created_at), (id(1), NOW));
    assert_eq!(store.user(id(1)).await, Ok(Some(ada.clone())));
    assert_eq!(store.user(id(2)).await, Ok(None));

    let renamed = Profile {
        name: Some("Ada L.".into()),
        email: None,
        hosted_domain: Some("example.com".into()),
        ..profile("ada")
    };
    let again = store
        .upsert_identity(renamed, id(2), NOW)
        .await
        .expect("found");
    assert_eq!((again.id, again.name.as_deref()), (id(1), Some("Ada L.")));
    assert_eq!(again.hosted_domain.as_deref(), Some("example.com"));
    assert_eq!(
        store.user(id(1)).await,
        Ok(Some(again)),
        "the account was not brought up to date"
    );

    // The same subject at another issuer, and the same address: another account.
    let elsewhere = Profile {
        identity: Identity {
            issuer: "https://other.example".into(),
            subject: "ada".into(),
        },
        ..profile("ada")
    };
    let other = store
        .upsert_identity(elsewhere, id(3), NOW)
        .await
        .expect("made");
    assert_eq!(other.id, id(3), "two issuers share an account");
}
