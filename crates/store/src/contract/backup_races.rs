//! Backups that are made while the server runs: users sign up and delete their accounts between
//! two pages of the export.

use latchkey_core::{Denied, LinkHash, Requester, User, UserId, Username};

use super::deletion::{LATER, assert_only_allowed};
use super::fixtures::{NOW, profile, session, user};
use super::identities::unlink_of;
use super::local_accounts::{is_set, local, reset, set, username};
use crate::backup::Record;
use crate::request::{CreateOutcome, DeleteOutcome, PasswordAuthority, UnlinkOutcome};
use crate::store::Store;

/// More than the number of pages of an export.
const ACCOUNTS: u8 = 20;

/// After each page of the export, one user signs up and another deletes their account. Whatever the
/// timing, no username is restored without its user, and no user without their username.
pub(super) async fn local_accounts(store: &dyn Store, other: &dyn Store) {
    let name = |number: u8| username(&format!("user-{number}"));
    for number in 1..=ACCOUNTS {
        sign_up(store, number, name(number).as_str()).await;
    }
    let (mut records, mut from) = (Vec::new(), None);
    for number in 1.. {
        let (page, next) = store.export(from).await.expect("exported");
        records.extend(page);
        if next.is_none() {
            break;
        }
        from = next;
        assert!(number <= ACCOUNTS, "the export has more pages");
        delete(store, number).await;
        let fresh = ACCOUNTS + number;
        sign_up(store, fresh, name(fresh).as_str()).await;
    }
    import(other, &[records]).await;
    for number in 1..=2 * ACCOUNTS {
        let user = other.user(UserId::from_bytes([number; 16])).await;
        let user = user.expect("read").map(|user| user.id);
        let owner = owner_of(other, name(number)).await;
        assert_eq!(owner, user, "user {number}");
    }
}

/// In backups of earlier versions, all credentials precede the users and can be older than them.
pub(super) async fn credentials_of_earlier_versions(store: &dyn Store) {
    let accounts = [
        // The user was deleted before the users were exported.
        (1, "gone", true, false),
        // The user signed up after the credentials were exported.
        (2, "fresh", false, true),
        // The name was taken by another user between the two exports.
        (3, "reused", true, false),
        (4, "reused", false, true),
        (5, "unchanged", true, true),
        // Another user took this name too, but so late that both users were exported.
        (6, "both", true, true),
        (7, "both", false, true),
    ];
    let credentials = accounts
        .iter()
        .filter(|(.., has_credential, _)| *has_credential);
    let credentials = credentials.map(|(number, name, ..)| credential(*number, name));
    let users = accounts.iter().filter(|(.., has_user)| *has_user);
    let users = users.map(|(number, name, ..)| Record::User(local(*number, name).user));
    import(store, &[credentials.collect(), users.collect()]).await;

    let owner = |name| owner_of(store, username(name));
    let id = |number| Some(UserId::from_bytes([number; 16]));
    assert_eq!(owner("gone").await, None);
    sign_up(store, 10, "gone").await;
    assert_eq!(owner("unchanged").await, id(5));
    let previous = store.user(UserId::from_bytes([6; 16])).await.expect("read");
    assert_eq!(previous.expect("the user").username, None);
    for (number, name) in [(2, "fresh"), (4, "reused"), (7, "both")] {
        let taken = store.create_local_user(local(11, name)).await;
        assert_eq!(taken, Ok(CreateOutcome::UsernameTaken));
        assert_eq!(owner(name).await, id(number));
        // The password is unknown, but a link can set a new one.
        let restored = store.credential(username(name)).await.expect("read");
        assert_eq!(restored.and_then(|it| it.hash), None);
        let hash = LinkHash([number; 32]);
        let added = store.add_one_time_link(hash, reset(name), Requester::default(), NOW);
        assert_eq!(added.await, Ok(true));
        assert!(is_set(store, set(name, PasswordAuthority::Link(hash), "new")).await);
    }
}

/// The backup contains the user and the deletion. After the import the user is gone, and other users
/// can have the identity and the username.
pub(super) async fn deletions(store: &dyn Store, other: &dyn Store) {
    let ada = user(store, 1).await;
    sign_up(store, 2, "eve").await;
    session(store, &ada, 1).await;
    let (mut records, mut from) = (Vec::new(), None);
    loop {
        let (page, next) = store.export(from).await.expect("exported");
        if page.contains(&Record::User(ada.clone())) {
            delete(store, 1).await;
            delete(store, 2).await;
        }
        records.extend(page);
        let Some(next) = next else { break };
        from = Some(next);
    }
    import(other, &[records]).await;

    let local_user = UserId::from_bytes([2; 16]);
    for id in [ada.id, local_user] {
        assert_eq!(other.user(id).await, Ok(None));
    }
    let denials = other.live_denials(NOW).await.expect("read");
    let denied = denials.iter().map(|denial| denial.denied);
    let users = [ada.id, local_user].map(Denied::User);
    assert_eq!(denied.collect::<Vec<_>>(), users);
    sign_up(other, 3, "eve").await;
    let fresh = UserId::from_bytes([4; 16]);
    let created = other.upsert_identity(profile("user-1"), fresh, NOW).await;
    assert_eq!(created.expect("created").id, fresh);
    let finished = other.finish_deletions(10, LATER, &mut Vec::new()).await;
    assert_eq!(finished, Ok(2));
    for id in [ada.id, local_user] {
        assert_only_allowed(other, id).await;
    }
}

/// In a backup, two users can have the same identity, if it moved while the backup was made. The
/// import gives it to the user who comes later in the backup. This user keeps it even if the earlier
/// one then removes the identity or deletes the account.
pub(super) async fn moved_identities(store: &dyn Store) {
    let with = |number: u8, first: &str, second: &str| {
        let mut user = User::create(UserId::from_bytes([number; 16]), profile(first), NOW);
        assert_eq!(user.link(profile(second), NOW), Ok(1));
        user
    };
    let users = [
        with(1, "ada", "work"),
        with(2, "bob", "home"),
        with(3, "work", "home"),
    ];
    let owner = users[2].id;
    let records = users.iter().cloned().map(Record::User);
    import(store, &[records.collect()]).await;

    let requesting = session(store, &users[0], 1).await;
    let removed = store.unlink_identity(unlink_of(&requesting, 1)).await;
    assert_eq!(removed, Ok(UnlinkOutcome::Unlinked(Vec::new())));
    delete(store, 2).await;
    let fresh = UserId::from_bytes([4; 16]);
    for subject in ["work", "home"] {
        let found = store.upsert_identity(profile(subject), fresh, NOW).await;
        assert_eq!(found.map(|user| user.id), Ok(owner), "{subject}");
    }
    let created = store.upsert_identity(profile("bob"), fresh, NOW).await;
    assert_eq!(created.map(|user| user.id), Ok(fresh));
}

/// Imports these records, each part in one change.
async fn import(store: &dyn Store, parts: &[Vec<Record>]) {
    assert_eq!(store.begin_import().await, Ok(true));
    for part in parts {
        store.import(part.clone()).await.expect("imported");
    }
    store.finish_import().await.expect("finished");
}

async fn sign_up(store: &dyn Store, number: u8, name: &str) {
    let created = store.create_local_user(local(number, name)).await;
    assert_eq!(created, Ok(CreateOutcome::Created));
}

async fn delete(store: &dyn Store, number: u8) {
    let id = UserId::from_bytes([number; 16]);
    let user = store.user(id).await.expect("read").expect("the user");
    let session = session(store, &user, number).await;
    let deleted = store.delete_user(id, session.id, NOW).await;
    assert!(
        matches!(deleted, Ok(DeleteOutcome::Deleted(_))),
        "{deleted:?}"
    );
}

async fn owner_of(store: &dyn Store, username: Username) -> Option<UserId> {
    let credential = store.credential(username).await.expect("read");
    credential.map(|it| it.user)
}

fn credential(number: u8, name: &str) -> Record {
    Record::Credential {
        username: username(name),
        credential: latchkey_core::Credential {
            user: UserId::from_bytes([number; 16]),
            hash: Some("first".to_owned()),
            changed_at: NOW,
            link: None,
            requested_link: None,
        },
    }
}
