//! In `axum` and `latchkey`, only the file that opens the store names a concrete store; all other
//! code uses the traits.

use super::finding::Finding;
use super::tree::{Tree, code, is_test};

const CONCRETE: [&str; 4] = [
    "latchkey_store_sled",
    "latchkey_store_redis",
    "latchkey_store_postgres",
    "MemoryStore",
];

/// The file that opens stores.
const OPENER: &str = "crates/axum/src/open/store.rs";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts_ending(&["rs"]) {
        let above = ["crates/axum/src/", "crates/latchkey/src/"];
        if !above.iter().any(|place| path.starts_with(place)) || path == OPENER || is_test(path) {
            continue;
        }
        for (line, words) in code(text) {
            for name in CONCRETE.iter().filter(|name| words.contains(*name)) {
                let what = format!(
                    "names the concrete store `{name}`: only {OPENER} may; use the traits of \
                    latchkey_store"
                );
                findings.push(Finding::new(path, line, what));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_that_names_a_concrete_store_is_found() {
        let tree = Tree::of(&[
            (
                "crates/axum/src/http/routes/token.rs",
                "//! x\n\nuse latchkey_store_sled::SledStore;",
            ),
            (
                "crates/latchkey/src/state.rs",
                "// MemoryStore would work, too\n",
            ),
            (
                "crates/axum/src/open/store.rs",
                "use latchkey_store_sled::SledStore;",
            ),
            (
                "crates/latchkey/src/auth/tests.rs",
                "use latchkey_store::MemoryStore;",
            ),
            ("crates/store/src/lib.rs", "pub struct MemoryStore;"),
        ]);
        let found: Vec<_> = check(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "crates/axum/src/http/routes/token.rs:3: names the concrete store \
          `latchkey_store_sled`: only crates/axum/src/open/store.rs may; use the traits of \
          latchkey_store"
            ]
        );
    }
}
