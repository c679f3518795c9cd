//! Sign-ins under way: taken once, by who began them.

use core::time::Duration;

use latchkey_core::{FlowId, LoginFlow, ReturnTo};

use super::world::NOW;
use crate::store::Store;

pub(super) fn flow(number: u8) -> LoginFlow {
    LoginFlow {
        id: FlowId::from_bytes([number; 16]),
        provider: "demo".into(),
        state: format!("state-{number}"),
        nonce: "nonce".into(),
        verifier: "verifier".into(),
        return_to: ReturnTo::account(),
        max_age: None,
        expires_at: NOW.plus(Duration::from_mins(10)),
    }
}

pub(super) async fn check(store: &dyn Store) {
    let take = |ids: &[u8], state: &str, now| {
        let ids = ids
            .iter()
            .map(|number| FlowId::from_bytes([*number; 16]))
            .collect();
        store.take_login_flow(ids, state.to_owned(), now)
    };
    for number in 1..=3 {
        store.put_login_flow(flow(number)).await.expect("stored");
    }
    assert_eq!(
        take(&[], "state-1", NOW).await,
        Ok(None),
        "a flow without its cookie"
    );
    assert_eq!(
        take(&[2], "state-1", NOW).await,
        Ok(None),
        "a flow with another's cookie"
    );
    assert_eq!(
        take(&[1], "other", NOW).await,
        Ok(None),
        "a flow with another state"
    );
    assert_eq!(
        take(&[9, 2, 1], "state-1", NOW).await,
        Ok(Some(flow(1))),
        "one of several"
    );
    assert_eq!(
        take(&[1], "state-1", NOW).await,
        Ok(None),
        "a flow taken twice"
    );
    let late = flow(2).expires_at;
    assert_eq!(
        take(&[2], "state-2", late).await,
        Ok(None),
        "a flow past its end"
    );
    let freed = store.sweep(late, 100).await.expect("swept");
    assert_eq!(freed, 1, "one flow was left to sweep");
    assert_eq!(
        take(&[3], "state-3", NOW).await,
        Ok(None),
        "a flow that was swept"
    );
}
