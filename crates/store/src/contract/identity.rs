//! A store knows who it is.

use latchkey_core::StoreId;

use super::world::{Machines, NOW};

pub(super) async fn check(machines: &Machines) {
    let id = |byte| StoreId::from_bytes([byte; 16]);
    assert_eq!(machines[0].id().await, Ok(None));
    assert_eq!(machines[0].identify(id(1), NOW).await, Ok(id(1)));
    for machine in machines {
        assert_eq!(machine.identify(id(2), NOW).await, Ok(id(1)), "it changed");
        assert_eq!(machine.id().await, Ok(Some(id(1))));
        assert_eq!(machine.health().await, Ok(()));
    }
}
