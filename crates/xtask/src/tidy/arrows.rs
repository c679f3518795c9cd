//! The arrows between our crates are as ARCHITECTURE.md draws them.

use super::Finding;
use super::manifest;
use super::tree::Tree;

/// Every crate, and which of ours it may depend on.
const ARROWS: [(&str, &[&str]); 13] = [
    ("types", &[]),
    ("core", &[]),
    ("tokens", &["core"]),
    ("identity", &["core"]),
    ("store", &["core"]),
    ("store-sled", &["store", "core"]),
    ("store-redis", &["store", "core", "testing"]),
    ("store-postgres", &["store", "core", "testing"]),
    ("testing", &[]),
    ("client", &["types", "core"]),
    ("web", &["client", "types", "core"]),
    (
        "server",
        &[
            "types",
            "core",
            "tokens",
            "identity",
            "store",
            "store-sled",
            "store-redis",
            "store-postgres",
            "testing",
            "web",
        ],
    ),
    ("xtask", &[]),
];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in manifest::crates(tree) {
        if allowed(name).is_none() {
            findings.push(Finding::new(
                format!("crates/{name}/Cargo.toml"),
                1,
                "this crate is not drawn: put it into ARCHITECTURE.md and into ARROWS of xtask",
            ));
        }
    }
    for dependency in manifest::dependencies(tree) {
        let Some(ours) = dependency.on.strip_prefix("latchkey-") else {
            continue;
        };
        let Some(allowed) = allowed(&dependency.of) else {
            continue;
        };
        if !allowed.contains(&ours) {
            let may = if allowed.is_empty() {
                "none of ours".into()
            } else {
                allowed.join(", ")
            };
            let what = format!(
                "`{}` must not depend on `{ours}` (it may on: {may}); what both need belongs in \
                 a crate below them",
                dependency.of
            );
            findings.push(Finding::new(dependency.path, dependency.line, what));
        }
    }
    findings
}

fn allowed(name: &str) -> Option<&'static [&'static str]> {
    ARROWS.iter().find(|(of, _)| *of == name).map(|(_, on)| *on)
}

#[cfg(test)]
mod tests;
