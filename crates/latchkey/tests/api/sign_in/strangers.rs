//! Sign-ins resist DNS rebinding, misconfigured proxies and cookies of other applications. An email
//! address never appears without `email_verified`, and a removed administrator is refused.

use reqwest::header::COOKIE;
use serde_json::{Value, json};

use crate::app::{Forge, TestApp, claims};
use latchkey_testing::{ScriptedProvider, code, header, tokens};

#[tokio::test]
async fn security_77_the_demo_provider_is_served_under_loopback_names_only() {
    let app = TestApp::start().await;
    let discovery = "/demo/.well-known/openid-configuration";
    let begin = "/auth/login?provider=demo";
    for (name, value) in [
        // DNS rebinding: a foreign name that resolves to this machine.
        ("host", "rebound.example.com"),
        ("host", "localhost.example.com"),
        ("host", "192.0.2.1:7000"),
        // Headers that a proxy adds, whatever the host.
        ("x-forwarded-for", "198.51.100.7"),
        ("x-forwarded-host", "id.example.com"),
        ("x-forwarded-proto", "https"),
        ("x-real-ip", "198.51.100.7"),
        ("forwarded", "for=198.51.100.7"),
    ] {
        let response = app.get(discovery).header(name, value).send().await;
        let response = response.expect("a response");
        assert_eq!(response.status(), 404, "{name}: {value}");
        let response = app.get(begin).header(name, value).send().await;
        let response = response.expect("a response");
        assert_eq!(header(&response, "set-cookie"), "", "{name}: {value}");
        let expected = (400, "unknown_provider".into());
        assert_eq!(code(response).await, expected, "{name}: {value}");
    }
    for host in ["localhost:7000", "127.0.0.1", "[::1]:7000"] {
        let response = app.get(discovery).header("host", host).send().await;
        assert_eq!(response.expect("a response").status(), 200, "{host}");
    }
}

#[tokio::test]
async fn security_79_email_never_appears_without_email_verified() {
    let provider = ScriptedProvider::start().await;
    let app = TestApp::with(&provider.section("a")).await;
    for (claimed, verified) in [
        (json!(true), json!(true)),
        (json!(false), json!(false)),
        (Value::Null, json!(false)),
    ] {
        provider.script().claims["email_verified"] = claimed.clone();
        let signed_in = tokens(provider.sign_in(&app, "a").await).await;
        let refreshed = app.refreshed(&signed_in.refresh_token).await;
        for access in [&signed_in.access_token, &refreshed.access_token] {
            let claims = claims(access);
            assert_eq!(claims["email"], "ada@example.com");
            assert_eq!(claims["email_verified"], verified, "{claimed}");
            let me = app.get_as("/api/me", access).await;
            let me: Value = me.json().await.expect("JSON");
            assert_eq!(me["email_verified"], verified, "{claimed}");
        }
    }
    provider.script().claims["email"] = Value::Null;
    let signed_in = tokens(provider.sign_in(&app, "a").await).await;
    assert!(claims(&signed_in.access_token)["email_verified"].is_null());
    // A token of an earlier version, without the claim.
    provider.script().claims["email"] = json!("ada@example.com");
    let signed_in = tokens(provider.sign_in(&app, "a").await).await;
    let forge = Forge::of(&app).await;
    let mut old = claims(&signed_in.access_token);
    let without = old.as_object_mut().expect("an object");
    without.remove("email_verified").expect("the claim");
    let me = app
        .get_as("/api/me", &forge.sign(&forge.header(), &old))
        .await;
    let me: Value = me.json().await.expect("JSON");
    assert_eq!(me["email"], "ada@example.com");
    assert_eq!(me["email_verified"], json!(false));
}

#[tokio::test]
async fn security_90_a_removed_admin_is_refused_although_the_token_says_admin() {
    let provider = ScriptedProvider::start().await;
    let with = |admins: &str| format!("admins = {admins}\n{}", provider.section("a"));
    let app = TestApp::with(&with("[\"ada@example.com\"]")).await;
    let signed_in = tokens(provider.sign_in(&app, "a").await).await;
    let export = "/api/admin/export";
    assert_eq!(
        app.get_as(export, &signed_in.access_token).await.status(),
        200
    );
    let app = app.reconfigured(&with("[]")).await;
    assert_eq!(app.check(&signed_in.access_token).await, Ok(()));
    assert_eq!(
        claims(&signed_in.access_token)["roles"],
        json!(["admin"]),
        "the token has not changed"
    );
    let response = app.get_as(export, &signed_in.access_token).await;
    assert_eq!(code(response).await, (403, "forbidden".into()));
}

#[tokio::test]
async fn cookies_of_other_applications_may_contain_any_bytes() {
    let app = TestApp::start().await;
    for (before, after) in [
        (&b"prefs=Jos\xc3\xa9; "[..], &b""[..]),
        (b"prefs=Jos\xe9; ", b"; other=\xff\xfe"),
        (b"", b"; \x80=\x80"),
        (b"=; ;; novalue; ", b"; a=b=c"),
    ] {
        let begun = app.begin("demo").await;
        let callback = app.approve(&begun, "ada@example.com").await;
        let cookie = [before, begun.cookie.as_bytes(), after].concat();
        let request = app.completion("unrelated=1", &callback);
        let request = request.header(COOKIE, &cookie[..]);
        let response = request.send().await.expect("a response");
        assert_eq!(response.status(), 200, "{}", cookie.escape_ascii());
    }
}
