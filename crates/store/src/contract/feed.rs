//! What machines hear of each other: all of it, whoever did it, however much at once.

use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;

use latchkey_core::{AuditKind, Denial, DenialReason, Denied, SessionId};
use tokio::task::JoinSet;

use super::world::{Machines, NOW, end, session, user};
use crate::feed::Changes;
use crate::store::Store;

/// Waits, if nothing happens, for as long.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn check(machines: Machines) {
    let [one, two] = &machines;
    let Some(mut feed) = two.follow().await.expect("it listens") else {
        return;
    };
    // Nothing that was there before; and an answer although nothing happens.
    let nothing = feed.next(Duration::from_millis(50)).await;
    assert_eq!(nothing, Ok(Changes::default()));

    let ada = user(&**one, 1).await;
    let first = session(&**one, &ada, 1).await;
    let heard = feed.next(PATIENCE).await.expect("news");
    assert_eq!((heard.accounts, heard.denials.len()), (vec![ada.id], 0));

    one.end_session(end(first.id)).await.expect("ended");
    let mut denied = BTreeSet::new();
    while denied.is_empty() {
        let heard = feed.next(PATIENCE).await.expect("news");
        denied.extend(heard.denials.iter().map(|denial| text(denial.denied)));
    }
    assert_eq!(denied, BTreeSet::from([text(Denied::Session(first.id))]));

    // However much there is: what was committed before it was asked is in the answer.
    for group in 0..5u32 {
        let denials = (0..500).map(|number| denial(group * 500 + number));
        one.deny(denials.collect()).await.expect("denied");
    }
    let heard = feed.next(PATIENCE).await.expect("news");
    assert_eq!(heard.denials.len(), 2500);

    // Many at once, by both machines, while the feed is read.
    let mut all = BTreeSet::new();
    let mut tasks = JoinSet::new();
    let mut people = BTreeSet::new();
    for number in 2..=201u8 {
        let person = user(&**one, number / 10).await;
        people.insert(person.id);
        let id = session(&**one, &person, number).await.id;
        all.insert(text(Denied::Session(id)));
        let store = Arc::clone(&machines[usize::from(number % 2)]);
        tasks.spawn(async move { store.end_session(end(id)).await });
    }
    denied.clear();
    let mut accounts = BTreeSet::new();
    loop {
        // However slow they are: once all are acknowledged, one more look has everything.
        let is_last = tasks.is_empty();
        let heard = feed.next(Duration::from_millis(50)).await.expect("news");
        assert!(!heard.denials_missed && !heard.accounts_missed);
        let heard_denied = heard.denials.iter().map(|denial| text(denial.denied));
        denied.extend(heard_denied.filter(|denied| all.contains(denied)));
        accounts.extend(heard.accounts);
        if is_last {
            break;
        }
        while let Some(ended) = tasks.try_join_next() {
            let ended = ended.expect("no panic").expect("ended");
            assert!(ended.is_some(), "a session was not found");
        }
    }
    let missing: Vec<_> = all.difference(&denied).collect();
    assert!(missing.is_empty(), "did not come: {missing:?}");
    // Who something happened to is told as well, if not in the same breath.
    while !accounts.is_superset(&people) {
        let heard = feed.next(PATIENCE).await.expect("news");
        assert_ne!(heard, Changes::default(), "of some nothing was heard");
        accounts.extend(heard.accounts);
    }
    assert_eq!(accounts, people);
    // What was told of it is on record, each end once.
    for person in people {
        let events = one
            .audit_events(person, None, 1000, NOW)
            .await
            .expect("read");
        let ends = |kind| events.iter().filter(|(_, it)| it.kind == kind).count();
        let of_before = usize::from(person == ada.id);
        let ended = ends(AuditKind::Revoked) - of_before;
        assert_eq!(
            ended,
            ends(AuditKind::SignedIn) - of_before,
            "events were lost"
        );
    }
}

/// A feed whose connection `cut` takes away says once that all is to be read anew. For stores that
/// have connections.
///
/// # Panics
///
/// If it does not.
pub async fn after_a_lost_connection(store: &dyn Store, cut: impl FnOnce()) {
    let mut feed = store.follow().await.expect("it listens").expect("a feed");
    let patience = Duration::from_millis(50);
    assert_eq!(feed.next(patience).await, Ok(Changes::default()));
    cut();
    let told = async {
        loop {
            // The loss itself is an error.
            match feed.next(patience).await {
                Ok(news) if news.denials_missed => return news.accounts_missed,
                Ok(_) | Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(30), told).await;
    assert_eq!(told, Ok(true));
    assert_eq!(feed.next(patience).await, Ok(Changes::default()));
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
    }
}

fn text(denied: Denied) -> String {
    format!("{denied:?}")
}
