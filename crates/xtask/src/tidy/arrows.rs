//! The arrows between our crates are as ARCHITECTURE.md draws them.

use super::finding::Finding;
use super::manifest;
use super::tree::Tree;

/// Every crate, and which of ours it may depend on.
const ARROWS: [(&str, &[&str]); 15] = [
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
                "crates/identity/Cargo.toml:2: `identity` must not depend on `tokens` (it may on: \
          core, testing); what both need belongs in a crate below them"
            ]
        );
    }

    #[test]
    fn the_bottom_depends_on_nothing_of_ours() {
        assert_eq!(findings("core", "latchkey-types").len(), 1);
        assert_eq!(findings("types", "latchkey-core").len(), 1);
        assert_eq!(findings("xtask", "latchkey-core").len(), 1);
        assert!(findings("core", "serde").is_empty());
    }

    #[test]
    fn what_is_drawn_is_fine() {
        assert!(findings("latchkey", "latchkey-store-sled").is_empty());
        assert!(findings("web", "latchkey-client").is_empty());
    }

    #[test]
    fn a_crate_that_is_not_drawn_is_found() {
        let found = findings("extras", "serde");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("crates/extras/Cargo.toml:1: this crate is not drawn"));
    }
}
