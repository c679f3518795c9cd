//! Errors of the token, refresh and revocation endpoints (RFC 6749 §5.2).

use std::time::Duration;

use serde_json::json;

use super::Snapshot;
use crate::app::{Prover, TestApp, claims};
use crate::dpop::DpopClient;
use latchkey_testing::ScriptedProvider;

#[tokio::test]
async fn oauth_errors_of_requests() {
    let app = TestApp::start().await;
    let mut snapshot = Snapshot::of(&app);
    let token = &*app.sign_in().await.refresh_token;
    let grant = ("grant_type", "refresh_token");
    for (title, form) in [
        ("no parameters", &[][..]),
        ("an unsupported grant type", &[("grant_type", "password")]),
        ("no refresh token", &[grant]),
        ("an invalid token", &[grant, ("refresh_token", "invalid")]),
        ("a repeated parameter", &[grant, grant]),
        (
            "client credentials",
            &[grant, ("refresh_token", token), ("client_secret", "guess")],
        ),
        (
            "a wider scope",
            &[grant, ("refresh_token", token), ("scope", "admin")],
        ),
        (
            "an invalid lifetime",
            &[grant, ("refresh_token", token), ("expires_in", "soon")],
        ),
    ] {
        snapshot
            .send(title, app.post("/auth/token").form(form))
            .await;
    }
    snapshot
        .send("another method", app.get("/auth/token"))
        .await;
    let large = app.post("/auth/token").body("a".repeat(70_000));
    snapshot.send("a body that is too large", large).await;
    let json = app.post("/auth/refresh").json(&json!([]));
    snapshot.send("JSON that is not an object", json).await;
    let revoke = app.post("/auth/revoke").form(&[("a", "b")]);
    snapshot.send("nothing to revoke", revoke).await;
    insta::assert_snapshot!(snapshot.text);
}

#[tokio::test]
async fn oauth_errors_of_sessions() {
    let app = TestApp::with("demo = true\n[limits]\nper_session = \"2/h\"\n").await;
    let mut snapshot = Snapshot::of(&app);
    let first = app.sign_in().await;
    app.refreshed(&first.refresh_token).await;
    let superseded = app.refresh(&first.refresh_token, None).await;
    snapshot.add("a concurrent refresh", superseded).await;
    let limited = app.refresh(&first.refresh_token, None).await;
    snapshot.add("too many requests", limited).await;

    let second = app.sign_in().await;
    app.refreshed(&second.refresh_token).await;
    app.clock.advance(Duration::from_secs(11));
    let replayed = app.refresh(&second.refresh_token, None).await;
    snapshot.add("a replay", replayed).await;

    let third = app.sign_in().await;
    app.revoke(&third.refresh_token).await;
    let ended = app.refresh(&third.refresh_token, None).await;
    snapshot.add("an ended session", ended).await;
    insta::assert_snapshot!(snapshot.text);
}

#[tokio::test]
async fn oauth_errors_of_dpop_proofs() {
    let client = DpopClient::start("required").await;
    let mut snapshot = Snapshot::of(&client.app);
    let (cookie, callback) = client.called_back().await;
    let response = client.finish(&cookie, &callback, &[]).await;
    snapshot.add("a sign-in without a proof", response).await;
    let token = client.sign_in().await.refresh_token;
    let response = client.refresh(&token, &["invalid"]).await;
    snapshot.add("a malformed proof", response).await;
    let proof = client.proof_of(&Prover::new()).await;
    let response = client.refresh(&token, &[&proof]).await;
    snapshot.add("a proof of another key", response).await;
    let mut claims = client.claims().await;
    claims["nonce"] = json!("invalid");
    let proof = client.key.sign(&client.key.header(), &claims);
    let response = client.refresh(&token, &[&proof]).await;
    snapshot.add("an invalid nonce", response).await;
    insta::assert_snapshot!(snapshot.text);
}

#[tokio::test]
async fn oauth_errors_of_providers() {
    let provider = ScriptedProvider::start().await;
    let app = TestApp::with(&provider.section("a")).await;
    let mut snapshot = Snapshot::of(&app);
    let begun = app.begin("a").await;
    let callback = provider.approve(&begun);
    let response = app.finish("", &callback).await;
    snapshot.add("no pending sign-in", response).await;

    provider.script().claims["aud"] = json!("another-client");
    let response = provider.sign_in(&app, "a").await;
    snapshot.add("an invalid ID token", response).await;
    provider.script().claims["aud"] = json!("client-1");

    let begun = app
        .begin_at("/auth/login?provider=a&prompt=login&max_age=600")
        .await;
    provider.script().claims["auth_time"] = json!(1_700_000_000);
    let callback = provider.approve(&begun);
    let response = app.finish(&begun.cookie, &callback).await;
    snapshot
        .add("a step-up with an old sign-in", response)
        .await;

    provider.refuse(&json!({ "error": "invalid_grant" }));
    let response = provider.sign_in(&app, "a").await;
    snapshot.add("a refused code", response).await;

    let begun = app.begin("a").await;
    let callback = provider.approve(&begun);
    drop(provider);
    let response = app.finish(&begun.cookie, &callback).await;
    snapshot.add("an unreachable provider", response).await;
    insta::assert_snapshot!(snapshot.text);
}

#[tokio::test]
async fn oauth_errors_of_users() {
    let provider = ScriptedProvider::start().await;
    let list = "[admission]\nmode = \"allow-list\"\nemails = [\"ada@example.com\"]\n";
    let admins = "admins = [\"ada@example.com\"]\n";
    let app = TestApp::with(&format!("{admins}{list}{}", provider.section("a"))).await;
    let mut snapshot = Snapshot::of(&app);
    provider.script().claims["email"] = json!("bob@example.com");
    let response = provider.sign_in(&app, "a").await;
    snapshot.add("not on the allow-list", response).await;
    provider.script().claims["email"] = json!("ada@example.com");
    provider.script().claims["email_verified"] = json!(false);
    let response = provider.sign_in(&app, "a").await;
    snapshot.add("an unverified address", response).await;

    provider.script().claims["email_verified"] = json!(true);
    let ada = latchkey_testing::tokens(provider.sign_in(&app, "a").await).await;
    let user = claims(&ada.access_token)["sub"].clone();
    let other = latchkey_core::UserId::from_bytes([1; 16]);
    let begun = app
        .begin_at(&format!("/auth/login?provider=a&account={other}"))
        .await;
    let callback = provider.approve(&begun);
    let response = app.finish(&begun.cookie, &callback).await;
    snapshot
        .add("a step-up with another account", response)
        .await;

    let path = format!("/api/admin/users/{}/ban", user.as_str().expect("text"));
    let ban = app.post(&path).bearer_auth(&ada.access_token);
    let ban = ban.json(&json!({ "reason": "spam" })).send().await;
    assert_eq!(ban.expect("a response").status(), 204);
    let response = provider.sign_in(&app, "a").await;
    snapshot.add("a banned user", response).await;
    insta::assert_snapshot!(snapshot.text);
}
