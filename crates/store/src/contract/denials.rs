//! Denials: effective until their expiry, never shortened, and swept in steps.

use core::time::Duration;

use latchkey_core::{Denial, DenialReason, Denied, SessionId, TokenId, UserId};

use super::fixtures::NOW;
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

    // A later expiry replaces an earlier one, and never the other way round.
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
