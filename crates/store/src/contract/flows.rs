//! A login flow can be finished only once.

use core::time::Duration;

use latchkey_core::{FlowId, Timestamp};

use super::fixtures::NOW;
use crate::store::Store;

/// When the login flows of these tests expire.
pub(crate) const END: Timestamp = Timestamp::from_secs(NOW.as_secs() + 600);

pub(crate) fn id(number: u8) -> FlowId {
    FlowId::from_bytes([number; 16])
}

pub(super) async fn check(store: &dyn Store) {
    assert_eq!(store.is_login_flow_finished(id(1)).await, Ok(false));
    assert_eq!(store.finish_login_flow(id(1), END).await, Ok(true));
    assert_eq!(store.is_login_flow_finished(id(1)).await, Ok(true));
    assert_eq!(
        store.finish_login_flow(id(1), END).await,
        Ok(false),
        "a login flow finished twice"
    );
    assert_eq!(store.is_login_flow_finished(id(2)).await, Ok(false));
    assert_eq!(store.finish_login_flow(id(2), END).await, Ok(true));
    // The mark is retained while a server with a slow clock could still accept the flow.
    assert_eq!(store.sweep(END, 100).await, Ok(0));
    assert_eq!(store.finish_login_flow(id(1), END).await, Ok(false));
    let late = END.plus(Duration::from_mins(10));
    assert_eq!(store.sweep(late, 100).await, Ok(2), "two expired marks");
    assert_eq!(store.is_login_flow_finished(id(1)).await, Ok(false));
}
