//! A concrete store outside of the start.

use super::*;

#[test]
fn a_route_that_names_a_concrete_store_is_found() {
    let tree = Tree::of(&[
        (
            "crates/server/src/http/routes/token.rs",
            "//! x\n\nuse latchkey_store_sled::SledStore;",
        ),
        (
            "crates/server/src/state.rs",
            "// MemoryStore would do as well\n",
        ),
        (
            "crates/server/src/startup.rs",
            "use latchkey_store_sled::SledStore;",
        ),
        (
            "crates/server/src/startup/store.rs",
            "use latchkey_store::MemoryStore;",
        ),
        (
            "crates/server/src/auth/tests.rs",
            "use latchkey_store::MemoryStore;",
        ),
        ("crates/store/src/lib.rs", "pub struct MemoryStore;"),
    ]);
    let found: Vec<_> = check(&tree).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "crates/server/src/http/routes/token.rs:3: names the concrete store \
          `latchkey_store_sled`: only crates/server/src/startup may; take the trait of \
          latchkey_store here"
        ]
    );
}
