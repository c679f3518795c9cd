//! The OpenAPI document and the server agree: every response to the requests of these tests is
//! documented, and the requests provoke every documented response, except those that need a failing
//! environment.

mod document;
mod steps;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use latchkey_types::paths;
use reqwest::Method;
use serde_json::json;

use self::document::{Document, filled};
use self::walk::Walk;
use crate::app::TestApp;
use latchkey_testing::header;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
const PATHS: &str = include_str!("../../../types/src/paths.rs");

/// A server on which every route exists.
const CONFIG: &str = r#"
demo = true
admins = ["demo:ada@example.com"]
[local]
sign_up = "invite"
"#;

/// Statuses that need a slow client, a flood, a bug, or a store that fails.
const ENVIRONMENT: [u16; 4] = [408, 429, 500, 503];

#[tokio::test]
async fn document_in_the_repository_is_up_to_date() {
    let app = TestApp::start().await;
    let mut document = app.get_json(paths::OPENAPI).await;
    document["servers"][0]["url"] = json!("https://id.example.com");
    let text = serde_json::to_string_pretty(&document).expect("JSON") + "\n";
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(FILE, &text).expect("the file is writable");
    }
    assert!(
        std::fs::read_to_string(FILE).expect("the file is readable") == text,
        "docs/openapi.json is out of date: run UPDATE_DOCS=1 cargo test -p latchkey --test api openapi"
    );
}

#[tokio::test]
async fn page_shows_every_operation_and_loads_nothing_from_elsewhere() {
    let app = TestApp::start().await;
    let document = Document::of(&app).await;
    let response = app.get(paths::DOCS).send().await.expect("a response");
    assert_eq!(response.status(), 200);
    assert_eq!(
        header(&response, "content-type"),
        "text/html; charset=utf-8"
    );
    let page = response.text().await.expect("a page");
    for operation in &document.operations {
        let heading = format!("<code>{} {}</code>", operation.method, operation.path);
        assert!(page.contains(&heading), "{heading}");
    }
    for source in ["src=", "http://", "https://", "<script"] {
        assert!(!page.contains(source), "{source}");
    }
}

#[tokio::test]
async fn every_path_and_method_of_the_api_is_documented() {
    let app = TestApp::with(CONFIG).await;
    let document = Document::of(&app).await;
    let mut methods: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for operation in &document.operations {
        let known = methods.entry(&operation.path).or_default();
        known.insert(operation.method.to_string());
    }
    // When the server refuses a method, it lists those that the path supports.
    for (path, documented) in &methods {
        let url = format!("{}{}", app.url, filled(path));
        let method = Method::from_bytes(b"BREW").expect("a method");
        let response = app.http.request(method, url).send().await;
        let response = response.expect("a response");
        assert_eq!(response.status(), 405, "{path}");
        let allowed = header(&response, "allow").split(',').map(str::trim);
        let allowed: BTreeSet<_> = allowed
            .filter(|it| *it != "HEAD")
            .map(str::to_owned)
            .collect();
        assert_eq!(&allowed, documented, "{path}");
    }
    let constants = PATHS.lines().filter_map(|line| {
        let value = line
            .strip_prefix("pub const ")?
            .split_once(": &str = \"")?
            .1;
        value.strip_suffix("\";")
    });
    for path in constants.filter(|path| !methods.contains_key(path)) {
        let is_documented_elsewhere = [paths::API_ROOT, paths::API_PROTECTED].contains(&path);
        if is_api_path(path) && !is_documented_elsewhere {
            let url = format!("{}{}", app.url, filled(path));
            let response = app.http.get(url).send().await.expect("a response");
            assert_eq!(response.status(), 404, "{path} is not documented");
        }
    }
}

fn is_api_path(path: &str) -> bool {
    ["/api/", "/auth/", "/.well-known/"]
        .iter()
        .any(|root| path.starts_with(root))
}

#[tokio::test]
async fn every_response_is_documented_and_every_documented_response_exists() {
    let app = TestApp::with(CONFIG).await;
    let mut walk = Walk {
        document: Document::of(&app).await,
        app: &app,
        seen: BTreeSet::new(),
    };
    walk.refusals().await;
    walk.sign_in().await;
    walk.local_accounts().await;
    walk.account().await;
    walk.administration().await;
    walk.metadata().await;
    let missing: Vec<_> = walk
        .document
        .operations
        .iter()
        .flat_map(|operation| {
            let statuses = operation.responses.keys();
            statuses.map(|status| (operation.id.clone(), status.parse().expect("a status")))
        })
        .filter(|seen: &(String, u16)| !ENVIRONMENT.contains(&seen.1) && !walk.seen.contains(seen))
        .collect();
    assert_eq!(missing, [], "documented, but not provoked");
}
