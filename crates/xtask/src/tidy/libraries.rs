//! A library that shapes whatever touches it stays in the crate that is there for it.
//!
//! Tests may use any: a provider to test against is easier made with axum than without.

use super::Finding;
use super::manifest;
use super::tree::Tree;

/// A library, the crates that may depend on it, and where code that wants it belongs.
const CONFINED: [(&str, &[&str], &str); 5] = [
    ("sled", &["store-sled"], "behind the traits of `store`"),
    ("redis", &["store-redis"], "behind the traits of `store`"),
    (
        "tokio-postgres",
        &["store-postgres"],
        "behind the traits of `store`",
    ),
    (
        "axum",
        &["server", "web"],
        "in `server`: all below it is free of HTTP",
    ),
    (
        "leptos",
        &["web", "server"],
        "in `web`: `client` works with any page",
    ),
];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let shipped = manifest::dependencies(tree)
        .into_iter()
        .filter(|found| !found.for_tests);
    for dependency in shipped {
        for (library, only, place) in CONFINED {
            if is_of(&dependency.on, library) && !only.contains(&dependency.of.as_str()) {
                let what = format!(
                    "`{}` must not depend on `{}`: that belongs {place}",
                    dependency.of, dependency.on
                );
                findings.push(Finding::new(dependency.path.clone(), dependency.line, what));
            }
        }
    }
    findings
}

/// The library itself or one of its family: `leptos`, `leptos_router`, `axum-extra`.
fn is_of(package: &str, library: &str) -> bool {
    package
        .strip_prefix(library)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '-']))
}

#[cfg(test)]
mod tests;
