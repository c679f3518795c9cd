//! Searches for users and lists of all sessions return complete results without duplicates, even
//! before the indexes are built.

use core::time::Duration;
use std::collections::BTreeSet;

use latchkey_core::{
    Profile, Requester, SessionId, SessionOrigin, StoreId, Timestamp, User, UserId,
};

use super::fixtures::{LIMITS, NOW, end, new_session, profile};
use crate::request::{NewSession, OpenOutcome};
use crate::search::{ListCursor, UserQuery, UserStatus};
use crate::store::Store;

const FRESH: StoreId = StoreId::from_bytes([9; 16]);

fn id(number: u8) -> UserId {
    UserId::from_bytes([number; 16])
}

fn text(text: &str) -> UserQuery {
    UserQuery {
        text: text.to_owned(),
        ..UserQuery::default()
    }
}

/// Signs a user in `number` seconds after [`NOW`].
async fn sign_in(store: &dyn Store, number: u8, email: &str, name: &str) -> User {
    let profile = Profile {
        email: Some(email.to_owned()),
        name: Some(name.to_owned()),
        ..profile(&format!("user-{number}"))
    };
    let now = NOW.plus(Duration::from_secs(number.into()));
    let user = store.upsert_identity(profile, id(number), now).await;
    user.expect("signed in")
}

/// The results on all pages of a query, with `limit` users per page.
async fn all(store: &dyn Store, query: &UserQuery, limit: usize, now: Timestamp) -> Vec<UserId> {
    let mut found = Vec::new();
    let mut before: Option<ListCursor> = None;
    loop {
        let page = store.search_users(query.clone(), before, limit, now);
        let page = page.await.expect("read").expect("a valid cursor");
        assert!(page.items.len() <= limit);
        found.extend(page.items.into_iter().map(|user| user.id));
        before = page.next;
        if before.is_none() {
            return found;
        }
    }
}

/// Users are found by their current names and addresses, by status and by role.
pub(super) async fn users(store: &dyn Store) {
    for number in 1..=9 {
        let email = format!("person{number}@Example.com");
        sign_in(store, number, &email, "Some Person").await;
    }
    sign_in(store, 10, "ada@example.com", "Ada Lovelace Adams").await;
    // Users are ordered by id until the indexes are built; then the newest come first.
    let oldest: Vec<_> = (1..=10).map(id).collect();
    let newest: Vec<_> = (1..=10).rev().map(id).collect();
    assert_eq!(all(store, &text(""), 3, NOW).await, oldest);
    assert_eq!(all(store, &text("lov ADA"), 3, NOW).await, [id(10)]);
    store.identify(FRESH, NOW).await.expect("an id");
    for limit in [1, 3, 10, 50] {
        assert_eq!(all(store, &text(""), limit, NOW).await, newest);
        let people = all(store, &text("per"), limit, NOW).await;
        let unique: BTreeSet<_> = people.iter().collect();
        assert_eq!((people.len(), unique.len()), (9, 9), "{limit}");
        // Three terms begin with these letters.
        assert_eq!(all(store, &text("ad"), limit, NOW).await, [id(10)]);
    }
    assert_eq!(all(store, &text("person7@EX"), 3, NOW).await, [id(7)]);
    assert_eq!(all(store, &text(&id(4).to_string()), 3, NOW).await, [id(4)]);

    // A new name and address replace the old ones; new users are found.
    sign_in(store, 10, "countess@example.com", "Ada King").await;
    sign_in(store, 11, "grace@example.com", "Grace Hopper").await;
    assert!(all(store, &text("lovelace"), 3, NOW).await.is_empty());
    assert!(all(store, &text("ada@"), 3, NOW).await.is_empty());
    assert_eq!(all(store, &text("king countess"), 3, NOW).await, [id(10)]);
    assert_eq!(all(store, &text("hopper"), 3, NOW).await, [id(11)]);

    roles_and_bans(store).await;
    cursors(store).await;
}

async fn roles_and_bans(store: &dyn Store) {
    let by = Requester::default;
    let set = |number, roles: &[&str]| {
        let roles = roles.iter().map(|&role| role.to_owned()).collect();
        store.set_roles(id(number), roles, by(), NOW)
    };
    assert_eq!(set(99, &["admin"]).await, Ok(None));
    let user = set(3, &["admin", "editor"]).await.expect("set");
    assert_eq!(user.expect("known").roles, ["admin", "editor"]);
    set(5, &["editor"]).await.expect("set");
    let with = |role: &str, words: &str| UserQuery {
        role: Some(role.to_owned()),
        ..text(words)
    };
    let editors = with("editor", "");
    assert_eq!(all(store, &editors, 1, NOW).await, [id(5), id(3)]);
    let one = with("editor", "person3");
    assert_eq!(all(store, &one, 1, NOW).await, [id(3)]);
    set(3, &["admin"]).await.expect("set");
    assert_eq!(all(store, &editors, 1, NOW).await, [id(5)]);
    assert!(all(store, &with("edit", ""), 1, NOW).await.is_empty());
    // Another sign-in keeps the roles.
    let again = sign_in(store, 3, "person3@example.com", "P").await;
    assert_eq!(again.roles, ["admin"]);

    let until = NOW.plus(Duration::from_hours(1));
    for (number, until) in [(1, None), (2, Some(until))] {
        let ban = store.ban_user(id(number), "spam".into(), until, by(), NOW);
        ban.await.expect("banned").expect("known");
    }
    let with = |status| UserQuery {
        status: Some(status),
        ..UserQuery::default()
    };
    let banned = with(UserStatus::Banned);
    assert_eq!(all(store, &banned, 1, NOW).await, [id(2), id(1)]);
    assert_eq!(all(store, &banned, 1, until).await, [id(1)]);
    let active = all(store, &with(UserStatus::Active), 2, until).await;
    assert_eq!(active.len(), 10);
    assert!(active.contains(&id(2)) && !active.contains(&id(1)));
    // A ban that has ended is no longer in force, so there is nothing to lift.
    assert_eq!(store.unban_user(id(2), by(), until).await, Ok(Some(false)));
    let lifted = store.unban_user(id(1), by(), NOW).await;
    assert_eq!(lifted, Ok(Some(true)));
    assert!(all(store, &banned, 1, NOW).await.is_empty());
}

async fn cursors(store: &dyn Store) {
    let page = store.search_users(text("per"), None, 1, NOW).await;
    let next = page.expect("read").expect("a page").next;
    assert!(next.is_some());
    let other = store.search_users(text("hop"), next, 1, NOW).await;
    assert_eq!(other, Ok(None), "the cursor of another query");
    let forged = ListCursor(b"kid".to_vec());
    let other = store.search_users(text(""), Some(forged.clone()), 1, NOW);
    assert_eq!(other.await, Ok(None), "a cursor in another table");
    assert_eq!(store.all_sessions(Some(forged), 1, NOW).await, Ok(None));
}

/// Users who are added between two pages neither hide nor duplicate others.
pub(super) async fn paging_while_users_are_added(store: &dyn Store) {
    store.identify(FRESH, NOW).await.expect("an id");
    for number in 1..=20 {
        sign_in(store, number, &format!("a{number}@example.com"), "Same").await;
    }
    for (first, query) in [(100, text("")), (140, text("same")), (180, text("a"))] {
        let mut found = Vec::new();
        let mut before = None;
        for number in first.. {
            let page = store.search_users(query.clone(), before, 3, NOW);
            let page = page.await.expect("read").expect("a valid cursor");
            found.extend(page.items.into_iter().map(|user| user.id));
            before = page.next;
            if before.is_none() {
                break;
            }
            let email = format!("a{number}-{}@example.com", query.text);
            sign_in(store, number, &email, "Same").await;
        }
        let unique: BTreeSet<_> = found.iter().copied().collect();
        assert_eq!(
            unique.len(),
            found.len(),
            "a duplicate for {:?}",
            query.text
        );
        for number in 1..=20 {
            assert!(unique.contains(&id(number)), "{number} {:?}", query.text);
        }
    }
}

/// Live sessions of all users, newest first.
pub(super) async fn sessions(store: &dyn Store) {
    let ada = sign_in(store, 1, "ada@example.com", "Ada").await;
    let bob = sign_in(store, 2, "bob@example.com", "Bob").await;
    let open = async |user: &User, number: u8| {
        let mut new: NewSession = new_session(user, number, None);
        new.session.opened_at = NOW.plus(Duration::from_secs(number.into()));
        new.origin = SessionOrigin {
            address: Some(format!("192.0.2.{number}")),
            ..new.origin
        };
        let opened = store.open_session(new).await.expect("opened");
        assert!(matches!(opened, OpenOutcome::Opened(_)), "{opened:?}");
    };
    for number in 1..=3 {
        open(&ada, number).await;
    }
    let now = NOW.plus(Duration::from_secs(20));
    let listed = async |limit: usize| {
        let mut found = Vec::new();
        let mut before = None;
        loop {
            let page = store.all_sessions(before, limit, now).await;
            let page = page.expect("read").expect("a valid cursor");
            found.extend(page.items.into_iter().map(|it| {
                let (live, user) = (it.live, it.user);
                assert_eq!(live.session.user, user.id);
                let address = live.origin.address.expect("an address");
                (live.session.id.as_bytes()[0], user.id, address)
            }));
            before = page.next;
            if before.is_none() {
                return found;
            }
        }
    };
    let row = |number: u8, user: &User| (number, user.id, format!("192.0.2.{number}"));
    // Sessions are ordered by id until the index is built.
    let ids: Vec<_> = (1..=3).map(|number| row(number, &ada)).collect();
    assert_eq!(listed(2).await, ids);
    store.identify(FRESH, NOW).await.expect("an id");
    for number in 4..=6 {
        open(&bob, number).await;
    }
    let rows = |numbers: &[u8]| {
        let user = |number| if number > 3 { &bob } else { &ada };
        let rows = numbers.iter().map(|&number| row(number, user(number)));
        rows.collect::<Vec<_>>()
    };
    for limit in [1, 2, 50] {
        assert_eq!(listed(limit).await, rows(&[6, 5, 4, 3, 2, 1]));
    }
    let ended = store.end_session(end(SessionId::from_bytes([5; 16]))).await;
    assert_eq!(ended.expect("ended").expect("known").user, bob.id);
    assert_eq!(listed(2).await, rows(&[6, 4, 3, 2, 1]));
    let by = Requester::default();
    let banned = store.ban_user(ada.id, "spam".into(), None, by, now).await;
    banned.expect("banned").expect("known");
    assert_eq!(listed(1).await, rows(&[6, 4]));
    let far = now.plus(LIMITS.idle);
    let page = store.all_sessions(None, 10, far).await.expect("read");
    assert!(page.expect("a page").items.is_empty(), "expired sessions");
}
