//! The change feed: it delivers every change of every server.

use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;

use latchkey_core::{AuditKind, Denial, DenialReason, Denied, SessionId};
use tokio::task::JoinSet;

use super::fixtures::{NOW, StorePair, end, session, user};
use crate::feed::Changes;
use crate::store::Store;

/// How long to wait for a change before the check fails.
const FEED_TIMEOUT: Duration = Duration::from_secs(30);

pub(super) async fn check(stores: StorePair) {
    let [one, two] = &stores;
    let Some(mut feed) = two.follow().await.expect("subscribed") else {
        return;
    };
    // Earlier changes are not delivered, and `next` returns even if nothing changes.
    let nothing = feed.next(Duration::from_millis(50)).await;
    assert_eq!(nothing, Ok(Changes::default()));

    let ada = user(&**one, 1).await;
    let first = session(&**one, &ada, 1).await;
    let changes = feed.next(FEED_TIMEOUT).await.expect("changes");
    assert_eq!((changes.users, changes.denials.len()), (vec![ada.id], 0));

    one.end_session(end(first.id)).await.expect("ended");
    let mut denied = BTreeSet::new();
    while denied.is_empty() {
        let changes = feed.next(FEED_TIMEOUT).await.expect("changes");
        denied.extend(changes.denials.iter().map(|denial| text(denial.denied)));
    }
    assert_eq!(denied, BTreeSet::from([text(Denied::Session(first.id))]));

    // Everything committed before the call is delivered, however much it is.
    for group in 0..5u32 {
        let denials = (0..500).map(|number| denial(group * 500 + number));
        one.deny(denials.collect()).await.expect("denied");
    }
    let changes = feed.next(FEED_TIMEOUT).await.expect("changes");
    assert_eq!(changes.denials.len(), 2500);

    // Many concurrent changes by both servers while the feed is read.
    let mut all = BTreeSet::new();
    let mut tasks = JoinSet::new();
    let mut users = BTreeSet::new();
    for number in 2..=201u8 {
        let user = user(&**one, number / 10).await;
        users.insert(user.id);
        let id = session(&**one, &user, number).await.id;
        all.insert(text(Denied::Session(id)));
        let store = Arc::clone(&stores[usize::from(number % 2)]);
        tasks.spawn(async move { store.end_session(end(id)).await });
    }
    denied.clear();
    let mut changed_users = BTreeSet::new();
    loop {
        // Once all changes are acknowledged, one more call must deliver the rest.
        let is_last = tasks.is_empty();
        let next = feed.next(Duration::from_millis(50)).await;
        let changes = next.expect("changes");
        assert!(!changes.denials_missed && !changes.users_missed);
        let newly_denied = changes.denials.iter().map(|denial| text(denial.denied));
        denied.extend(newly_denied.filter(|denied| all.contains(denied)));
        changed_users.extend(changes.users);
        if is_last {
            break;
        }
        while let Some(ended) = tasks.try_join_next() {
            let ended = ended.expect("no panic").expect("ended");
            assert!(ended.is_some(), "a session was not found");
        }
    }
    let missing: Vec<_> = all.difference(&denied).collect();
    assert!(missing.is_empty(), "not delivered: {missing:?}");
    // Users are delivered too, possibly in a later batch.
    while !changed_users.is_superset(&users) {
        let changes = feed.next(FEED_TIMEOUT).await.expect("changes");
        assert_ne!(changes, Changes::default(), "some users were not delivered");
        changed_users.extend(changes.users);
    }
    assert_eq!(changed_users, users);
    // Each end of a session is recorded as one security event.
    for user in users {
        let events = one.audit_events(user, None, 1000, NOW).await.expect("read");
        let ends = |kind| events.iter().filter(|(_, it)| it.kind == kind).count();
        let earlier = usize::from(user == ada.id);
        let ended = ends(AuditKind::Revoked) - earlier;
        assert_eq!(
            ended,
            ends(AuditKind::SignedIn) - earlier,
            "events were lost"
        );
    }
}

/// Checks that a feed whose connection `cut` has closed reports, exactly once, that changes may be
/// missing. For stores with connections.
///
/// # Panics
///
/// Panics if the feed does not report this, or reports it twice.
pub async fn lost_connection_is_reported(store: &dyn Store, cut: impl FnOnce()) {
    let mut feed = store.follow().await.expect("subscribed").expect("a feed");
    let max_wait = Duration::from_millis(50);
    assert_eq!(feed.next(max_wait).await, Ok(Changes::default()));
    cut();
    let reported = async {
        loop {
            // The first call after the loss may fail.
            match feed.next(max_wait).await {
                Ok(changes) if changes.denials_missed => return changes.users_missed,
                Ok(_) | Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    let users_missed = tokio::time::timeout(FEED_TIMEOUT, reported).await;
    assert_eq!(users_missed, Ok(true));
    assert_eq!(feed.next(max_wait).await, Ok(Changes::default()));
}

fn denial(number: u32) -> Denial {
    let mut id = [255; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    Denial {
        denied: Denied::Session(SessionId::from_bytes(id)),
        reason: DenialReason::Revoked,
        at: NOW,
        until: NOW.plus(Duration::from_mins(12)),
        cutoff: None,
        note: None,
    }
}

fn text(denied: Denied) -> String {
    format!("{denied:?}")
}
