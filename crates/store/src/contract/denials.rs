//! Denials: effective until their expiry, never shortened, and swept in steps.

use core::time::Duration;

use latchkey_core::{
    Actor, AuditEvent, AuditKind, Denial, DenialNote, DenialReason, Denied, Device, Requester,
    SessionId, TokenId, UserId,
};

use super::fixtures::{NOW, StorePair, end, session, user};
use crate::request::LiftOutcome;
use crate::store::Store;

pub(super) async fn check(store: &dyn Store) {
    let until = NOW.plus(Duration::from_mins(10));
    let denial = |denied, until| Denial {
        denied,
        reason: DenialReason::Revoked,
        at: NOW,
        until,
        cutoff: None,
        note: None,
    };
    let bits = [5; 16];
    let kinds = [
        Denied::Token(TokenId::from_bytes(bits)),
        Denied::Session(SessionId::from_bytes(bits)),
        Denied::User(UserId::from_bytes(bits)),
    ];
    let all: Vec<_> = kinds.iter().map(|denied| denial(*denied, until)).collect();
    store.deny(all).await.expect("stored");
    let live = |now| async move { store.live_denials(now).await.expect("read") };
    assert_eq!(
        live(NOW).await.len(),
        3,
        "denials of different kinds with the same id are distinct"
    );

    let last = until.minus(Duration::from_millis(1));
    assert_eq!(
        live(last).await.len(),
        3,
        "SECURITY 42: denied through the last millisecond"
    );
    assert!(live(until).await.is_empty());

    // A later expiry replaces an earlier one, but not vice versa.
    store
        .deny(vec![denial(kinds[0], NOW)])
        .await
        .expect("stored");
    assert_eq!(live(last).await.len(), 3, "a denial was shortened");
    let longer = until.plus(Duration::from_mins(1));
    store
        .deny(vec![denial(kinds[0], longer)])
        .await
        .expect("stored");
    assert_eq!(live(until).await.len(), 1);

    // A sweep in small steps removes the two expired denials and keeps the extended one.
    let mut swept = 0;
    for _ in 0..10 {
        swept += store.sweep(until, 1).await.expect("swept");
    }
    assert_eq!(swept, 2);
    assert_eq!(live(NOW).await.len(), 1);
}

/// Paging, as at the start of a server, returns each denial once.
pub(super) async fn pages(store: &dyn Store) {
    let denials: Vec<_> = (0..25)
        .map(|number| Denial {
            denied: Denied::Session(SessionId::from_bytes([number; 16])),
            reason: DenialReason::SignedOut,
            at: NOW,
            until: NOW.plus(Duration::from_mins(10)),
            cutoff: None,
            note: None,
        })
        .collect();
    store.deny(denials.clone()).await.expect("stored");
    let mut read = Vec::new();
    let mut after = None;
    loop {
        let (page, next) = store.denials(after, 5).await.expect("read");
        assert!(page.len() <= 5);
        read.extend(page);
        if next.is_none() {
            break;
        }
        after = next;
    }
    assert_eq!(read, denials);
}

/// A revocation by the token's holder is permanent. It takes effect even if a server whose clock is
/// ahead has already lifted an operator's denial of the token. Afterwards such a denial can no longer
/// be lifted.
async fn revoked_by_holder(store: &dyn Store, denial: Denial, event: &AuditEvent) {
    let denied = denial.denied;
    let lift = |denied| {
        let now = NOW.plus(Duration::from_secs(2));
        store.lift_denial(denied, Requester::default(), now)
    };
    let revoked = AuditEvent {
        kind: AuditKind::Revoked,
        actor: None,
        ..event.clone()
    };
    let revoke = |denied| {
        let revocation = Denial {
            denied,
            reason: DenialReason::Revoked,
            note: None,
            ..denial.clone()
        };
        store.revoke_token(revocation, revoked.clone())
    };
    let in_force = revoke(denied).await.expect("revoked");
    assert!(
        !in_force.is_lifted() && !in_force.is_liftable(),
        "{in_force:?}"
    );
    assert_eq!(lift(denied).await, Ok(LiftOutcome::NotLiftable));
    assert_eq!(store.live_denials(NOW).await, Ok(vec![in_force]));
    let other = Denied::Token(TokenId::from_bytes([8; 16]));
    let denied_too = Denial {
        denied: other,
        ..denial.clone()
    };
    let added = store.add_denial(denied_too, event.clone()).await;
    assert!(added.expect("added").is_some());
    revoke(other).await.expect("revoked");
    assert_eq!(lift(other).await, Ok(LiftOutcome::NotLiftable));
}

/// An operator's denial of a token can be lifted, and other servers learn this from the feed and
/// from the records. The denial of an ended session cannot be lifted.
pub(super) async fn lifted(stores: StorePair) {
    let store = &*stores[0];
    let mut feed = stores[1].follow().await.expect("subscribed");
    let ada = user(store, 1).await;
    let one = session(store, &ada, 1).await;
    let denied = Denied::Token(TokenId::from_bytes([7; 16]));
    let by = Requester {
        actor: Some(Actor::Application),
        device: Device::default(),
    };
    let denial = |seconds| Denial {
        denied,
        reason: DenialReason::EndedByOperator,
        at: NOW.plus(Duration::from_secs(seconds)),
        until: NOW.plus(Duration::from_mins(10)),
        cutoff: None,
        note: Some(Box::new(DenialNote {
            by: Actor::Application,
            reason: "copied".into(),
            user: ada.id,
            lifted: None,
        })),
    };
    let event = AuditEvent {
        at: NOW,
        kind: AuditKind::TokenDenied,
        user: ada.id,
        session: Some(one.id),
        device: Device::default(),
        actor: Some(Actor::Application),
        other_address: None,
    };
    let lift = |denied, seconds| {
        store.lift_denial(denied, by.clone(), NOW.plus(Duration::from_secs(seconds)))
    };
    let add = |seconds| store.add_denial(denial(seconds), event.clone());
    assert_eq!(lift(denied, 0).await, Ok(LiftOutcome::Unknown));
    assert_eq!(add(0).await, Ok(Some(denial(0))));
    assert_eq!(add(0).await, Ok(None), "the token is denied already");
    assert_eq!(store.live_denials(NOW).await, Ok(vec![denial(0)]));

    let lifted = match lift(denied, 0).await.expect("lifted") {
        LiftOutcome::Lifted(denial) => denial,
        other => panic!("{other:?}"),
    };
    assert!(lifted.is_lifted() && !lifted.is_liftable());
    assert_eq!(store.live_denials(NOW).await, Ok(vec![]));
    assert_eq!(lift(denied, 1).await, Ok(LiftOutcome::NotLiftable));
    // Another server that starts now learns of it too.
    let (read, _) = store.denials(None, 10).await.expect("read");
    assert_eq!(read, std::slice::from_ref(&lifted));
    if let Some(feed) = &mut feed {
        let mut received = Vec::new();
        while !received.contains(&lifted) {
            let changes = feed.next(Duration::from_secs(30)).await.expect("changes");
            assert!(!changes.denials.is_empty() || !changes.users.is_empty());
            received.extend(changes.denials);
        }
    }

    // The token can be denied again, even in the same millisecond.
    let again = add(0).await.expect("added").expect("not denied");
    assert!(again.is_liftable(), "{again:?}");
    assert_eq!(store.live_denials(NOW).await, Ok(vec![again]));
    assert!(matches!(lift(denied, 1).await, Ok(LiftOutcome::Lifted(_))));

    revoked_by_holder(store, denial(0), &event).await;

    store.end_session(end(one.id)).await.expect("ended");
    let ended = Denied::Session(one.id);
    assert_eq!(lift(ended, 1).await, Ok(LiftOutcome::NotLiftable));
    let kinds = store.audit_events(ada.id, None, 10, NOW).await;
    let kinds: Vec<_> = kinds.expect("read").iter().map(|it| it.1.kind).collect();
    let count = |kind| kinds.iter().filter(|it| **it == kind).count();
    let counts = (
        count(AuditKind::TokenDenied),
        count(AuditKind::DenialLifted),
    );
    assert_eq!(counts, (3, 2), "{kinds:?}");
}
