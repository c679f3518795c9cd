//! The crates depend on each other as drawn in ARCHITECTURE.md.

use super::finding::Finding;
use super::manifest;
use super::tree::Tree;

/// Every crate, and the workspace crates that it may depend on.
const ALLOWED: [(&str, &[&str]); 16] = [
    ("types", &[]),
    ("core", &[]),
    ("tokens", &["core"]),
    ("identity", &["core", "testing"]),
    ("store", &["core"]),
    ("store-sled", &["store", "core"]),
    ("store-redis", &["store", "core", "testing"]),
    ("store-postgres", &["store", "core", "testing"]),
    ("guard", &["types", "core", "tokens"]),
    (
        "axum",
        &[
            "guard",
            "types",
            "core",
            "tokens",
            "identity",
            "store",
            "store-sled",
            "store-redis",
            "store-postgres",
            "testing",
        ],
    ),
    ("testing", &["axum", "guard", "types", "core", "store"]),
    ("client", &["types", "core"]),
    ("web", &["client", "types", "core"]),
    ("console", &["web", "client", "types"]),
    (
        "latchkey",
        &[
            "axum",
            "guard",
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
    ("xtask", &["types", "testing"]),
];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in manifest::crates(tree) {
        if allowed(name).is_none() {
            findings.push(Finding::new(
                format!("crates/{name}/Cargo.toml"),
                1,
                "this crate is not in the crate graph: add it to ARCHITECTURE.md and to ALLOWED in xtask",
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
                "none".into()
            } else {
                allowed.join(", ")
            };
            let what = format!(
                "`{}` must not depend on `{ours}` (allowed: {may}); move what both need to \
                 a crate below them",
                dependency.of
            );
            findings.push(Finding::new(dependency.path, dependency.line, what));
        }
    }
    findings
}

fn allowed(name: &str) -> Option<&'static [&'static str]> {
    ALLOWED
        .iter()
        .find(|(of, _)| *of == name)
        .map(|(_, on)| *on)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(name: &str, dependency: &str) -> Vec<String> {
        let path = format!("crates/{name}/Cargo.toml");
        let text = format!("[dependencies]\n{dependency}.workspace = true\n");
        let tree = Tree::of(&[(&path, &text)]);
        check(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn identity_must_not_depend_on_tokens() {
        assert_eq!(
            findings("identity", "latchkey-tokens"),
            [
                "crates/identity/Cargo.toml:2: `identity` must not depend on `tokens` (allowed: \
          core, testing); move what both need to a crate below them"
            ]
        );
    }

    #[test]
    fn a_dependency_outside_the_graph_is_found() {
        assert_eq!(findings("core", "latchkey-types").len(), 1);
        assert_eq!(findings("types", "latchkey-core").len(), 1);
        assert_eq!(findings("xtask", "latchkey-core").len(), 1);
        assert!(findings("core", "serde").is_empty());
    }

    #[test]
    fn allowed_dependencies_are_accepted() {
        assert!(findings("latchkey", "latchkey-store-sled").is_empty());
        assert!(findings("web", "latchkey-client").is_empty());
    }

    #[test]
    fn a_crate_outside_the_graph_is_found() {
        let found = findings("extras", "serde");
        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .starts_with("crates/extras/Cargo.toml:1: this crate is not in the crate graph")
        );
    }
}
