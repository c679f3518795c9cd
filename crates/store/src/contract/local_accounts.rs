//! Local accounts: unique usernames, links that work once, and password changes that end sessions.

use core::time::Duration;

use latchkey_core::{
    Actor, AuditKind, EndReason, LinkHash, LinkPurpose, OneTimeLink, Profile, Requester,
    SessionStatus, Timestamp, User, UserId, Username,
};

use super::fixtures::{NOW, StorePair, device, new_session, profile, session};
use super::identities::{link_of, session_with_identity};
use crate::request::{
    CreateOutcome, CurrentCredential, LinkOutcome, NewLocalUser, OpenOutcome, PasswordAuthority,
    SetPassword, SetPasswordOutcome,
};
use crate::store::Store;

pub(super) const END: Timestamp = Timestamp::from_secs(1_800_003_600);

pub(crate) fn username(name: &str) -> Username {
    name.parse().expect("a username")
}

pub(crate) fn local(number: u8, name: &str) -> NewLocalUser {
    let id = UserId::from_bytes([number; 16]);
    let email = format!("{name}@example.com");
    NewLocalUser {
        user: User::create_local(id, username(name), Some(email), None, NOW),
        hash: Some("first".to_owned()),
        invitation: None,
        link: None,
        requester: Requester::default(),
    }
}

pub(crate) fn set(name: &str, authority: PasswordAuthority, hash: &str) -> SetPassword {
    SetPassword {
        username: username(name),
        hash: hash.to_owned(),
        authority,
        keep: None,
        device: device("192.0.2.1"),
        now: NOW,
    }
}

pub(crate) fn reset(name: &str) -> OneTimeLink {
    OneTimeLink {
        purpose: LinkPurpose::SetPassword {
            username: username(name),
        },
        expires_at: END,
    }
}

pub(crate) fn invitation() -> OneTimeLink {
    OneTimeLink {
        purpose: LinkPurpose::Invitation { email: None },
        expires_at: END,
    }
}

pub(super) fn hash(number: u8) -> LinkHash {
    LinkHash([number; 32])
}

pub(super) async fn is_set(store: &dyn Store, set: SetPassword) -> bool {
    let outcome = store.set_password(set).await.expect("stored");
    matches!(outcome, SetPasswordOutcome::Set { .. })
}

pub(super) async fn usernames(store: &dyn Store) {
    let created = |new| async { store.create_local_user(new).await.expect("stored") };
    assert_eq!(created(local(1, "Ada")).await, CreateOutcome::Created);
    let taken = local(2, "aDA");
    assert_eq!(created(taken.clone()).await, CreateOutcome::UsernameTaken);
    assert_eq!(store.user(taken.user.id).await, Ok(None));
    let credential = store.credential(username("ADA")).await.expect("read");
    let credential = credential.expect("a credential");
    assert_eq!(credential.user, UserId::from_bytes([1; 16]));
    assert_eq!(store.credential(username("bob")).await, Ok(None));
    let ada = store.user(credential.user).await.expect("read");
    let ada = ada.expect("the user");
    assert_eq!(ada.username, Some(username("ada")));
    let found = store.users_by_email("ada@example.com".into()).await;
    assert_eq!(found, Ok(vec![ada]));
    oldest_by_email(store).await;

    // Replacing the hash requires the current one.
    let replace =
        |from: &str, to: &str| store.replace_hash(username("ada"), from.into(), to.into());
    assert_eq!(replace("other", "x").await, Ok(false));
    assert_eq!(replace("first", "second").await, Ok(true));
    let credential = store.credential(username("ada")).await.expect("read");
    assert_eq!(credential.and_then(|it| it.hash).as_deref(), Some("second"));
}

/// Local accounts with the same email address: the oldest are found, in order.
async fn oldest_by_email(store: &dyn Store) {
    let with_email = |number: u8, created_at| {
        let mut new = local(number, &format!("shared-{number}"));
        new.user.email = Some("Shared@example.com".into());
        new.user.created_at = created_at;
        new
    };
    let later = NOW.plus(Duration::from_secs(1));
    for new in [
        with_email(11, later),
        with_email(12, NOW),
        with_email(13, NOW),
    ] {
        assert_eq!(
            store.create_local_user(new).await,
            Ok(CreateOutcome::Created)
        );
    }
    // A user without a local account does not count.
    let other = Profile {
        email: Some("shared@example.com".into()),
        ..profile("shared")
    };
    let id = UserId::from_bytes([14; 16]);
    store
        .upsert_identity(other, id, Timestamp::from_secs(1))
        .await
        .expect("created");
    for (limit, expected) in [(1, &[12][..]), (3, &[12, 13, 11])] {
        let found = store.oldest_local_accounts_by_email("shared@example.com".into(), limit);
        let found = found.await.expect("read");
        let found: Vec<_> = found.iter().map(|user| user.id.as_bytes()[0]).collect();
        assert_eq!(found, expected);
    }
}

pub(super) async fn passwords(store: &dyn Store) {
    let created = store.create_local_user(local(1, "ada")).await;
    assert_eq!(created, Ok(CreateOutcome::Created));
    let ada = store.user(UserId::from_bytes([1; 16])).await;
    let ada = ada.expect("read").expect("the user");
    let (kept, other) = (session(store, &ada, 1).await, session(store, &ada, 2).await);

    let wrong = PasswordAuthority::Current("other".into());
    assert!(!is_set(store, set("ada", wrong, "x")).await);
    let current = PasswordAuthority::Current("first".into());
    assert!(!is_set(store, set("bob", current.clone(), "x")).await);
    let change = SetPassword {
        keep: Some(kept.id),
        ..set("ada", current.clone(), "second")
    };
    let outcome = store.set_password(change).await.expect("stored");
    let SetPasswordOutcome::Set { user, ended } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!((user, ended.live), (ada.id, 1));
    assert_eq!(store.live_denials(NOW).await, Ok(ended.denials));
    let status = |id| async move {
        let session = store.session(id).await.expect("read");
        session.expect("the session").status
    };
    assert!(status(kept.id).await.is_live());
    let reason = EndReason::PasswordChanged;
    assert_eq!(
        status(other.id).await,
        SessionStatus::Ended { at: NOW, reason }
    );
    let events = store.audit_events(ada.id, None, 10, NOW).await;
    let events = events.expect("read");
    let changes = events
        .iter()
        .filter(|(_, it)| it.kind == AuditKind::PasswordChanged);
    assert_eq!(changes.count(), 1, "{events:?}");
    // The previous password no longer authorizes a change.
    assert!(!is_set(store, set("ada", current, "third")).await);

    // A password that was verified before the change opens no session after it.
    let mut new = new_session(&ada, 3, None);
    new.credential = Some(CurrentCredential {
        username: username("ada"),
        hash: "first".into(),
    });
    let refused = store.open_session(new.clone()).await;
    assert_eq!(refused, Ok(OpenOutcome::CredentialChanged));
    new.credential = Some(CurrentCredential {
        username: username("ada"),
        hash: "second".into(),
    });
    let opened = store.open_session(new).await.expect("opened");
    assert!(matches!(opened, OpenOutcome::Opened(_)), "{opened:?}");
}

pub(super) async fn links(store: &dyn Store) {
    let by = Requester {
        actor: Some(Actor::CommandLine),
        ..Requester::default()
    };
    let add = |number, link| store.add_one_time_link(hash(number), link, by.clone(), NOW);
    assert_eq!(add(1, invitation()).await, Ok(true));
    assert_eq!(add(2, reset("ada")).await, Ok(false), "there is no user");
    let mut new = local(1, "ada");
    new.hash = None;
    new.link = Some((hash(3), END));
    // An unknown invitation creates no account.
    new.invitation = Some(hash(9));
    let refused = store.create_local_user(new.clone()).await;
    assert_eq!(refused, Ok(CreateOutcome::LinkInvalid));
    new.invitation = Some(hash(1));
    let created = store.create_local_user(new).await;
    assert_eq!(created, Ok(CreateOutcome::Created));
    assert_eq!(store.one_time_link(hash(1), NOW).await, Ok(None));
    let again = NewLocalUser {
        invitation: Some(hash(1)),
        ..local(2, "bob")
    };
    let again = store.create_local_user(again).await;
    assert_eq!(again, Ok(CreateOutcome::LinkInvalid), "it was used");

    // A new link replaces the previous one, and works once.
    assert_eq!(
        store.one_time_link(hash(3), NOW).await,
        Ok(Some(reset("ada")))
    );
    assert_eq!(add(4, reset("ada")).await, Ok(true));
    assert_eq!(store.one_time_link(hash(3), NOW).await, Ok(None));
    let by_link = |number, new: &str| set("ada", PasswordAuthority::Link(hash(number)), new);
    assert!(!is_set(store, by_link(3, "x")).await);
    let late = SetPassword {
        now: END,
        ..by_link(4, "x")
    };
    assert!(!is_set(store, late).await, "it has expired");
    assert_eq!(store.one_time_link(hash(4), END).await, Ok(None));
    assert!(is_set(store, by_link(4, "first")).await);
    assert!(!is_set(store, by_link(4, "x")).await, "it was used");

    // Links of other users, and for other purposes, are refused.
    let bob = store.create_local_user(local(2, "bob")).await;
    assert_eq!(bob, Ok(CreateOutcome::Created));
    assert_eq!(add(5, reset("bob")).await, Ok(true));
    assert_eq!(add(6, invitation()).await, Ok(true));
    assert!(!is_set(store, by_link(5, "x")).await);
    assert!(!is_set(store, by_link(6, "x")).await);
    let by_reset = NewLocalUser {
        invitation: Some(hash(5)),
        ..local(3, "eve")
    };
    let by_reset = store.create_local_user(by_reset).await;
    assert_eq!(by_reset, Ok(CreateOutcome::LinkInvalid));

    // A password change voids the link.
    let current = PasswordAuthority::Current("first".into());
    assert!(is_set(store, set("bob", current, "second")).await);
    assert_eq!(store.one_time_link(hash(5), NOW).await, Ok(None));

    // A sweep removes expired links.
    assert!(
        store
            .one_time_link(hash(6), NOW)
            .await
            .expect("read")
            .is_some()
    );
    let swept = store.sweep(END.plus(Duration::from_secs(1)), 100).await;
    assert!(swept.expect("swept") > 0);
    assert_eq!(store.one_time_link(hash(6), NOW).await, Ok(None));
}

/// A link that the user requested does not replace one that an operator created, or vice versa. Using
/// either invalidates both.
pub(super) async fn links_of_operators(store: &dyn Store) {
    let created = store.create_local_user(local(1, "ada")).await;
    assert_eq!(created, Ok(CreateOutcome::Created));
    let operator = Some(Actor::CommandLine);
    let add = |number, actor| {
        let requester = Requester {
            actor,
            ..Requester::default()
        };
        store.add_one_time_link(hash(number), reset("ada"), requester, NOW)
    };
    let exists = |number| async move {
        let link = store.one_time_link(hash(number), NOW).await;
        link.expect("read").is_some()
    };
    assert_eq!(add(1, operator).await, Ok(true));
    assert_eq!(add(2, None).await, Ok(true));
    assert_eq!(add(3, None).await, Ok(true));
    assert!(exists(1).await && !exists(2).await && exists(3).await);
    let by_link = |number, new: &str| set("ada", PasswordAuthority::Link(hash(number)), new);
    assert!(!is_set(store, by_link(2, "x")).await, "it was replaced");
    assert!(is_set(store, by_link(1, "second")).await);
    assert!(!exists(1).await && !exists(3).await);
    assert!(!is_set(store, by_link(3, "x")).await);

    assert_eq!(add(4, None).await, Ok(true));
    assert_eq!(add(5, operator).await, Ok(true));
    assert!(is_set(store, by_link(4, "third")).await);
    assert!(!exists(4).await && !exists(5).await);
}

/// After the password is set with a link, no other identity can open a session until it is linked
/// again.
pub(super) async fn suspension(store: &dyn Store) {
    let created = store.create_local_user(local(1, "ada")).await;
    assert_eq!(created, Ok(CreateOutcome::Created));
    let ada = store.user(UserId::from_bytes([1; 16])).await;
    let ada = ada.expect("read").expect("the user");
    let link = |number, is_new| {
        let ada = &ada;
        async move {
            let session = session(store, ada, number).await;
            let outcome = store.link_identity(link_of(&session, "work")).await;
            let Ok(LinkOutcome::Linked {
                is_new: was_new, ..
            }) = outcome
            else {
                panic!("{outcome:?}");
            };
            assert_eq!(was_new, is_new);
        }
    };
    let open = |number| store.open_session(session_with_identity(&ada, number, 1));
    link(1, true).await;
    assert!(matches!(open(2).await, Ok(OpenOutcome::Opened(_))));
    // A change with the current password suspends nothing.
    let current = PasswordAuthority::Current("first".into());
    assert!(is_set(store, set("ada", current, "second")).await);
    assert!(matches!(open(3).await, Ok(OpenOutcome::Opened(_))));

    let added = store.add_one_time_link(hash(1), reset("ada"), Requester::default(), NOW);
    assert_eq!(added.await, Ok(true));
    let by_link = set("ada", PasswordAuthority::Link(hash(1)), "third");
    assert!(is_set(store, by_link).await);
    assert_eq!(open(4).await, Ok(OpenOutcome::IdentitySuspended));
    link(5, true).await;
    assert!(matches!(open(6).await, Ok(OpenOutcome::Opened(_))));
    link(7, false).await;
}

/// Of two concurrent attempts to use the same link, or to register the same username, one succeeds.
pub(super) async fn races(stores: StorePair) {
    let [one, other] = &stores;
    let (first, second) = tokio::join!(
        one.create_local_user(local(1, "ada")),
        other.create_local_user(local(2, "ada"))
    );
    let outcomes = [first.expect("stored"), second.expect("stored")];
    assert!(outcomes.contains(&CreateOutcome::Created), "{outcomes:?}");
    assert!(
        outcomes.contains(&CreateOutcome::UsernameTaken),
        "{outcomes:?}"
    );
    let added = one.add_one_time_link(hash(1), reset("ada"), Requester::default(), NOW);
    let added = added.await;
    assert_eq!(added, Ok(true));
    let by_link = |new: &str| set("ada", PasswordAuthority::Link(hash(1)), new);
    let (first, second) = tokio::join!(
        is_set(&**one, by_link("one")),
        is_set(&**other, by_link("two"))
    );
    assert!(first != second, "{first} {second}");
}
