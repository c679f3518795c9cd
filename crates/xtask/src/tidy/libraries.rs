//! Confines certain libraries to the crates that wrap them.
//!
//! Tests may use any library: for example, a fake provider is easy to write with axum.

use super::finding::Finding;
use super::manifest;
use super::tree::Tree;

/// A library, the crates that may depend on it, and where code that needs it belongs.
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
        &["guard", "axum", "testing", "latchkey", "web"],
        "in `axum` or `guard`: lower-level crates must not contain HTTP server code",
    ),
    (
        "leptos",
        &["web", "console", "latchkey"],
        "in `web`: `client` works with any front end",
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
                    "`{}` must not depend on `{}`: code that needs it belongs {place}",
                    dependency.of, dependency.on
                );
                findings.push(Finding::new(dependency.path.clone(), dependency.line, what));
            }
        }
    }
    findings
}

/// Whether this is the library or a related package: `leptos`, `leptos_router`, `axum-extra`.
fn is_of(package: &str, library: &str) -> bool {
    package
        .strip_prefix(library)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '-']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(name: &str, dependency: &str) -> Vec<String> {
        findings_in("dependencies", name, dependency)
    }

    fn findings_in(section: &str, name: &str, dependency: &str) -> Vec<String> {
        let path = format!("crates/{name}/Cargo.toml");
        let text = format!("[{section}]\n{dependency} = \"1\"\n");
        check(&Tree::of(&[(&path, &text)]))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn only_store_sled_depends_on_sled() {
        assert_eq!(
            findings("latchkey", "sled"),
            [
                "crates/latchkey/Cargo.toml:2: `latchkey` must not depend on `sled`: code that needs it belongs behind \
          the traits of `store`"
            ]
        );
        assert!(findings("store-sled", "sled").is_empty());
    }

    #[test]
    fn crates_below_axum_must_not_depend_on_it() {
        for name in ["tokens", "identity", "store", "store-sled", "core"] {
            assert_eq!(findings(name, "axum").len(), 1, "{name}");
        }
        assert_eq!(findings("identity", "axum-extra").len(), 1);
        assert!(findings("latchkey", "axum").is_empty());
    }

    #[test]
    fn the_client_must_not_depend_on_leptos() {
        assert_eq!(findings("client", "leptos").len(), 1);
        assert_eq!(findings("client", "leptos_router").len(), 1);
        assert!(findings("web", "leptos").is_empty());
        assert!(findings("client", "leptosaurus").is_empty());
    }

    #[test]
    fn tests_may_use_any_library() {
        assert!(findings_in("dev-dependencies", "identity", "axum").is_empty());
        assert_eq!(
            findings_in("build-dependencies", "identity", "axum").len(),
            1
        );
    }
}
