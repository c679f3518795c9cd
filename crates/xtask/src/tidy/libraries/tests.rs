//! Libraries in crates that they do not belong in.

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
fn only_store_sled_names_sled() {
    assert_eq!(
        findings("server", "sled"),
        [
            "crates/server/Cargo.toml:2: `server` must not depend on `sled`: that belongs behind \
          the traits of `store`"
        ]
    );
    assert!(findings("store-sled", "sled").is_empty());
}

#[test]
fn nothing_below_the_server_knows_axum() {
    for name in ["tokens", "identity", "store", "store-sled", "core"] {
        assert_eq!(findings(name, "axum").len(), 1, "{name}");
    }
    assert_eq!(findings("identity", "axum-extra").len(), 1);
    assert!(findings("server", "axum").is_empty());
}

#[test]
fn the_client_knows_no_leptos() {
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
