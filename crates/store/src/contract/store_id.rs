//! The id of a store is set once.

use latchkey_core::StoreId;

use super::fixtures::{NOW, StorePair};

pub(super) async fn check(stores: &StorePair) {
    let id = |byte| StoreId::from_bytes([byte; 16]);
    assert_eq!(stores[0].id().await, Ok(None));
    assert_eq!(stores[0].identify(id(1), NOW).await, Ok(id(1)));
    for store in stores {
        assert_eq!(store.identify(id(2), NOW).await, Ok(id(1)), "it changed");
        assert_eq!(store.id().await, Ok(Some(id(1))));
        assert_eq!(store.health().await, Ok(()));
    }
}
