//! Responses to successful requests.

use super::Snapshot;
use crate::app::{FIREFOX, TestApp};
use latchkey_testing::ScriptedProvider;

#[tokio::test]
async fn metadata() {
    let app = TestApp::start().await;
    let mut snapshot = Snapshot::of(&app);
    let path = "/.well-known/oauth-authorization-server";
    snapshot.send("metadata (RFC 8414)", app.get(path)).await;
    insta::assert_snapshot!(snapshot.text);
}

#[tokio::test]
async fn public_keys() {
    for algorithm in ["ES256", "EdDSA"] {
        let config = format!("demo = true\n[tokens]\nalgorithm = \"{algorithm}\"\n");
        let app = TestApp::with(&config).await;
        let mut snapshot = Snapshot::of(&app);
        let request = app.get("/.well-known/jwks.json");
        snapshot.send("public keys (RFC 7517)", request).await;
        insta::assert_snapshot!(format!("public_keys_{algorithm}"), snapshot.text);
    }
}

#[tokio::test]
async fn providers() {
    let provider = ScriptedProvider::start().await;
    let app = TestApp::with(&format!(
        "demo = true\n{}label = \"Example Inc.\"\n\
         [providers.google]\nclient_id = \"a\"\nclient_secret = \"b\"\n",
        provider.section("work")
    ))
    .await;
    let mut snapshot = Snapshot::of(&app);
    snapshot.send("providers", app.get("/auth/providers")).await;
    insta::assert_snapshot!(snapshot.text);
}

#[tokio::test]
async fn token_response() {
    let app = TestApp::start().await;
    let mut snapshot = Snapshot::of(&app);
    let begun = app.begin("demo").await;
    let callback = app.approve(&begun, "ada@example.com").await;
    let response = app.finish(&begun.cookie, &callback).await;
    snapshot.add("a sign-in", response).await;
    let token = app.sign_in().await.refresh_token;
    snapshot
        .add("a refresh", app.refresh(&token, None).await)
        .await;
    insta::assert_snapshot!(snapshot.text);
}

#[tokio::test]
async fn account() {
    let app = TestApp::with("demo = true\nadmins = [\"ada@example.com\"]").await;
    let mut snapshot = Snapshot::of(&app);
    let token = app.sign_in_with(FIREFOX).await.access_token;
    for path in [
        "/api/",
        "/api/me",
        "/api/protected",
        "/api/sessions",
        "/api/activity",
    ] {
        snapshot.add(path, app.get_as(path, &token).await).await;
    }
    insta::assert_snapshot!(snapshot.text);
}

#[tokio::test]
async fn administration() {
    let app = TestApp::with("demo = true\nadmins = [\"ada@example.com\"]").await;
    let mut snapshot = Snapshot::of(&app);
    let grace = app.sign_in_as("grace@example.com").await.access_token;
    app.clock.advance(std::time::Duration::from_secs(1));
    let admin = app.sign_in_with(FIREFOX).await.access_token;
    let body = serde_json::json!({ "token": grace, "reason": "copied" });
    let deny = app.post("/api/admin/denials").bearer_auth(&admin);
    let denied = deny.json(&body).send().await.expect("a response");
    assert_eq!(denied.status(), 204);
    for path in ["users?limit=1", "sessions?limit=1", "denials", "keys"] {
        let path = format!("/api/admin/{path}");
        snapshot.add(&path, app.get_as(&path, &admin).await).await;
    }
    insta::assert_snapshot!(snapshot.text);
}

#[tokio::test]
async fn health() {
    let app = TestApp::start().await;
    let mut snapshot = Snapshot::of(&app);
    for path in ["/healthz", "/readyz"] {
        snapshot.send(path, app.get(path)).await;
    }
    insta::assert_snapshot!(snapshot.text);
}
