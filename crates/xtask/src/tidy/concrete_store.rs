//! Only the server's start knows which store it is that all others use through its traits.

use super::Finding;
use super::tree::{Tree, code, is_test};

const CONCRETE: [&str; 4] = [
    "latchkey_store_sled",
    "latchkey_store_redis",
    "latchkey_store_postgres",
    "MemoryStore",
];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts_ending(&["rs"]) {
        let Some(inside) = path.strip_prefix("crates/server/src/") else {
            continue;
        };
        if inside.starts_with("startup") || is_test(path) {
            continue;
        }
        for (line, words) in code(text) {
            for name in CONCRETE.iter().filter(|name| words.contains(*name)) {
                let what = format!(
                    "names the concrete store `{name}`: only crates/server/src/startup may; take \
                     the trait of latchkey_store here"
                );
                findings.push(Finding::new(path, line, what));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests;
