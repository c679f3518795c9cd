//! Users: each identity belongs to one user, and users are found by email address.

use latchkey_core::{Identity, Profile, StoreId, UserId};

use super::fixtures::{NOW, profile};
use crate::store::Store;

pub(super) async fn check(store: &dyn Store) {
    let id = |number| UserId::from_bytes([number; 16]);
    let ada = store
        .upsert_identity(profile("ada"), id(1), NOW)
        .await
        .expect("created");
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
        "the profile was not updated"
    );

    // The same subject and email address at another issuer is another user.
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
        .expect("created");
    assert_eq!(other.id, id(3), "two issuers share a user");
}

/// Operators find users by email address.
pub(super) async fn by_email(store: &dyn Store) {
    let fresh = StoreId::from_bytes([9; 16]);
    // Before the index is built, and after.
    for round in 0..2_u8 {
        let id = |number| UserId::from_bytes([100 * round + number; 16]);
        let with = |subject: &str, email: Option<&str>| Profile {
            email: email.map(str::to_owned),
            ..profile(&format!("{subject}-{round}"))
        };
        let sign_in = |it: Profile, number| store.upsert_identity(it, id(number), NOW);
        let found = |email: &str| {
            let email = email.to_owned();
            async move {
                let found = store.users_by_email(email).await.expect("read");
                let mut ids: Vec<_> = found.iter().map(|user| user.id).collect();
                ids.sort();
                ids
            }
        };
        let (one, two) = (
            format!("one{round}@Example.com"),
            format!("two{round}@example.com"),
        );
        let ada = sign_in(with("ada", Some(&one)), 1).await.expect("created");
        let bob = sign_in(with("bob", Some(&one)), 2).await.expect("created");
        assert_eq!(found(&one.to_uppercase()).await, [ada.id, bob.id]);
        // A new address replaces the old one.
        sign_in(with("bob", Some(&two)), 3).await.expect("found");
        assert_eq!(found(&one).await, [ada.id]);
        assert_eq!(found(&two).await, [bob.id]);
        sign_in(with("bob", None), 3).await.expect("found");
        assert!(found(&two).await.is_empty());
        // Providers can return any string as an address.
        let long = format!("{round}{}@example.com", "x".repeat(5000));
        let other = format!("{round}{}@example.org", "x".repeat(5000));
        let eve = sign_in(with("eve", Some(&long)), 4).await.expect("created");
        assert_eq!(found(&long).await, [eve.id]);
        assert!(found(&other).await.is_empty());
        let odd = format!("é\0{round}@example.com");
        let odd_one = sign_in(with("odd", Some(&odd)), 5).await.expect("created");
        assert_eq!(found(&odd).await, [odd_one.id]);
        if round == 0 {
            // The existing users are still found.
            store.identify(fresh, NOW).await.expect("an id");
            assert_eq!(found(&one).await, [ada.id]);
            assert_eq!(found(&long).await, [eve.id]);
        }
    }
}
