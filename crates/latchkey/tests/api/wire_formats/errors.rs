//! Problem details (RFC 9457): the errors of all endpoints but the token endpoints.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::Snapshot;
use crate::app::claims;
use crate::app::{Prover, TestApp};
use crate::dpop::DpopClient;
use latchkey_testing::ScriptedProvider;

#[tokio::test]
async fn problems_of_access_tokens() {
    let app = TestApp::start().await;
    let mut snapshot = Snapshot::of(&app);
    let signed_in = app.sign_in().await;
    let me = |token: &str| app.get("/api/me").bearer_auth(token);
    snapshot.send("no token", app.get("/api/me")).await;
    snapshot.send("an invalid token", me("invalid")).await;
    let export = app.get("/api/admin/export");
    let export = export.bearer_auth(&signed_in.access_token);
    snapshot
        .send("a token without the admin role", export)
        .await;

    app.clock.advance(Duration::from_mins(11));
    let expired = me(&signed_in.access_token);
    snapshot.send("an expired token", expired).await;
    let refreshed = app.refreshed(&signed_in.refresh_token).await.access_token;
    let end_others = app.delete_as("/api/sessions", &refreshed).await;
    snapshot.add("a sign-in too long ago", end_others).await;
    app.revoke(&refreshed).await;
    snapshot.send("a revoked token", me(&refreshed)).await;
    insta::assert_snapshot!(snapshot.text);
}

#[tokio::test]
async fn problems_of_requests() {
    let app = TestApp::start().await;
    let mut snapshot = Snapshot::of(&app);
    let token = app.sign_in().await.access_token;
    snapshot
        .send("an unknown path", app.get("/api/nothing"))
        .await;
    let delete = app
        .http
        .request(Method::DELETE, format!("{}/api/me", app.url));
    snapshot.send("another method", delete).await;
    let logout = || app.post("/auth/logout").bearer_auth(&token);
    let form = logout().form(&[("everywhere", "true")]);
    snapshot.send("a form instead of JSON", form).await;
    let malformed = logout().json(&json!({ "everywhere": "yes" }));
    snapshot.send("a malformed body", malformed).await;
    let large = logout().header("content-type", "application/json");
    let large = large.body("a".repeat(70_000));
    snapshot.send("a body that is too large", large).await;
    let unknown = app.delete_as("/api/sessions/unknown", &token).await;
    snapshot.add("an unknown session", unknown).await;
    insta::assert_snapshot!(snapshot.text);
}

#[tokio::test]
async fn problems_of_starting_a_sign_in() {
    let provider = ScriptedProvider::start().await;
    provider.script().metadata["issuer"] = json!("https://other.example");
    let app = TestApp::with(&format!(
        "demo = true\n{}{}",
        provider.section("wrong"),
        ScriptedProvider::section_of("down", "http://127.0.0.1:1")
    ))
    .await;
    let mut snapshot = Snapshot::of(&app);
    for (title, query) in [
        ("no provider", ""),
        ("an unknown provider", "provider=nobody"),
        (
            "a return_to elsewhere",
            "provider=demo&return_to=//evil.example",
        ),
        ("an unsupported prompt", "provider=demo&prompt=none"),
        ("a malformed account", "provider=demo&account=x"),
        ("an unreachable provider", "provider=down"),
        ("a provider with another issuer", "provider=wrong"),
    ] {
        let request = app.get(&format!("/auth/login?{query}"));
        snapshot.send(title, request).await;
    }
    let framed = app.get("/auth/login?provider=demo");
    let framed = framed.header("sec-fetch-dest", "iframe");
    snapshot.send("inside a frame", framed).await;
    insta::assert_snapshot!(snapshot.text);
}

#[tokio::test]
async fn problems_of_rate_limits() {
    let app = TestApp::with("demo = true\n[limits]\nper_address = \"1/h\"\n").await;
    let mut snapshot = Snapshot::of(&app);
    app.begin("demo").await;
    let login = app.get("/auth/login?provider=demo");
    snapshot.send("too many requests", login).await;
    insta::assert_snapshot!(snapshot.text);
}

#[tokio::test]
async fn problems_of_dpop_proofs() {
    let client = DpopClient::start("full").await;
    let mut snapshot = Snapshot::of(&client.app);
    let token = client.sign_in().await.access_token;
    let me = |proof: &str| {
        let request = client.app.get("/api/me").header("dpop", proof);
        request.header("authorization", format!("DPoP {token}"))
    };
    let no_token = client.app.get("/api/me");
    snapshot.send("no token", no_token).await;
    snapshot.send("a malformed proof", me("invalid")).await;
    let mut claims = client.call_claims("/api/me", &token);
    let other = Prover::new();
    let proof = other.sign(&other.header(), &claims);
    snapshot.send("a proof of another key", me(&proof)).await;
    claims["nonce"] = json!("invalid");
    let proof = client.key.sign(&client.key.header(), &claims);
    snapshot.send("an invalid nonce", me(&proof)).await;
    insta::assert_snapshot!(snapshot.text);
}

#[tokio::test]
async fn problems_of_admin_requests() {
    let app = TestApp::with("demo = true\nadmins = [\"ada@example.com\"]").await;
    let mut snapshot = Snapshot::of(&app);
    let admin = app.sign_in().await.access_token;
    let ban = |user: &str| {
        let request = app.post(&format!("/api/admin/users/{user}/ban"));
        request.bearer_auth(&admin)
    };
    let unknown = ban("AAAAAAAAAAAAAAAAAAAAAA").json(&json!({ "reason": "spam" }));
    snapshot.send("an unknown user", unknown).await;
    let no_reason = ban("AAAAAAAAAAAAAAAAAAAAAA").json(&json!({ "reason": " " }));
    snapshot.send("an empty reason", no_reason).await;
    let ended = ban("AAAAAAAAAAAAAAAAAAAAAA").json(&json!({ "reason": "spam", "until": 1 }));
    snapshot.send("a ban that has ended", ended).await;
    let put = |path: &str| {
        let request = app.http.put(format!("{}/api/admin/{path}", app.url));
        request.bearer_auth(&admin)
    };
    let roles = put("users/AAAAAAAAAAAAAAAAAAAAAA/roles").json(&json!({ "roles": ["Admin"] }));
    snapshot.send("an invalid role", roles).await;
    let sub = claims(&admin)["sub"].clone();
    let body = json!({ "user": sub, "reason": "lost" });
    let deny = app.post("/api/admin/denials").bearer_auth(&admin);
    let denied = deny.json(&body).send().await.expect("a response");
    assert_eq!(denied.status(), 204);
    let admin = app.sign_in().await.access_token;
    let sub = sub.as_str().expect("text");
    let path = format!("/api/admin/denials/user/{sub}");
    let lifted = app.delete_as(&path, &admin).await;
    snapshot.add("a denial that cannot be lifted", lifted).await;
    let path = "/api/admin/users?before=x";
    snapshot
        .add("an invalid cursor", app.get_as(path, &admin).await)
        .await;
    insta::assert_snapshot!(snapshot.text);
}
