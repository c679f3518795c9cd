//! The server's nonce (RFC 9449 §8).

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};

use super::client::DpopClient;
use crate::app::TestApp;
use latchkey_testing::{code, header, refusal, tokens};

/// How long a nonce is current: five minutes longer than the lifetime of an access token.
const WINDOW: Duration = Duration::from_mins(15);

/// Asserts that the response has exactly one nonce and is not cached, and returns the nonce.
fn nonce_of(response: &Response) -> String {
    assert_eq!(response.headers().get_all("dpop-nonce").iter().count(), 1);
    assert_eq!(header(response, "cache-control"), "no-store");
    header(response, "dpop-nonce").to_owned()
}

#[tokio::test]
async fn security_59_a_proof_without_a_valid_nonce_gets_the_current_one() {
    let client = DpopClient::start("refresh").await;
    let other_server = DpopClient::start("refresh").await;
    let signed_in = client.sign_in().await;
    let stale = client.nonce().await;
    client.app.clock.advance(2 * WINDOW);
    for nonce in [
        Value::Null,
        json!(""),
        json!("invented"),
        json!(stale),
        json!(other_server.nonce().await),
    ] {
        let mut claims = client.claims().await;
        claims["nonce"] = nonce.clone();
        let proof = client.key.sign(&client.key.header(), &claims);
        let response = client.refresh(&signed_in.refresh_token, &[&proof]).await;
        claims["nonce"] = json!(nonce_of(&response));
        claims["jti"] = json!(format!("again: {nonce}"));
        let (status, body) = (
            response.status(),
            response.json::<Value>().await.expect("JSON"),
        );
        assert_eq!(status, 400, "{nonce}");
        assert_eq!(body["error"], "use_dpop_nonce", "{nonce}");
        assert_eq!(body["code"], "use_dpop_nonce", "{nonce}");
        // The new nonce is valid: the request is refused only because of its refresh token.
        let proof = client.key.sign(&client.key.header(), &claims);
        let response = client.refresh("not-a-token", &[&proof]).await;
        assert_eq!(refusal(response).await, (400, "invalid_grant".into()));
    }
    client.refreshed(&signed_in.refresh_token).await;
}

#[tokio::test]
async fn security_59_a_nonce_is_valid_for_its_window_and_the_next() {
    let client = DpopClient::start("refresh").await;
    let signed_in = client.sign_in().await;
    let mut claims = client.claims().await;
    // The test clock starts at the beginning of a window.
    client
        .app
        .clock
        .advance((2 * WINDOW).saturating_sub(Duration::from_millis(1)));
    let proof = client.key.sign(&client.key.header(), &claims);
    let next = tokens(client.refresh(&signed_in.refresh_token, &[&proof]).await).await;
    client.app.clock.advance(Duration::from_millis(1));
    claims["jti"] = json!("another");
    let proof = client.key.sign(&client.key.header(), &claims);
    let response = client.refresh(&next.refresh_token, &[&proof]).await;
    assert_eq!(refusal(response).await, (400, "use_dpop_nonce".into()));
}

/// A browser refreshes shortly before its access token expires, with the nonce that it received
/// along with the token.
#[tokio::test]
async fn regular_refreshes_never_lack_a_valid_nonce() {
    for (access_ttl, lifetime) in [
        ("30s", Duration::from_secs(30)),
        ("10m", Duration::from_mins(10)),
        ("2h", Duration::from_hours(2)),
    ] {
        let config = format!("demo = true\n[tokens]\naccess_ttl = \"{access_ttl}\"\n");
        let client = DpopClient::with(&config).await;
        let mut claims = client.claims().await;
        let (cookie, callback) = client.called_back().await;
        let proof = client.key.sign(&client.key.header(), &claims);
        let mut response = client.finish(&cookie, &callback, &[&proof]).await;
        // Twelve refreshes cross the end of a window.
        for count in 0..12 {
            assert_eq!(response.status(), 200, "{access_ttl}, refresh {count}");
            claims["nonce"] = json!(nonce_of(&response));
            claims["jti"] = json!(format!("refresh {count}"));
            let before = tokens(response).await;
            client.app.clock.advance(lifetime);
            claims["iat"] = json!(claims["iat"].as_u64().expect("seconds") + lifetime.as_secs());
            let proof = client.key.sign(&client.key.header(), &claims);
            response = client.refresh(&before.refresh_token, &[&proof]).await;
        }
    }
}

#[tokio::test]
async fn a_page_contains_the_nonce_for_its_first_proof() {
    let folder = tempfile::tempdir().expect("a folder");
    let index = "<!DOCTYPE html><html><head></head><body></body></html>";
    std::fs::write(folder.path().join("index.html"), index).expect("a file");
    for (binding, accepts_proofs) in [("refresh", true), ("full", true), ("off", false)] {
        let web_dir = folder.path().display();
        let client = DpopClient::with(&format!(
            "demo = true\nweb_dir = \"{web_dir}\"\n[tokens]\nbinding = \"{binding}\"\n"
        ))
        .await;
        let page = client
            .app
            .get("/callback")
            .send()
            .await
            .expect("a response");
        assert_eq!(header(&page, "cache-control"), "no-cache, private");
        let page = page.text().await.expect("a page").replace("&quot;", "\"");
        let nonce = page
            .split_once("\"dpop_nonce\":\"")
            .and_then(|(_, after)| after.split_once('"'))
            .map(|(nonce, _)| nonce);
        assert_eq!(nonce.is_some(), accepts_proofs, "{binding}");
        let Some(nonce) = nonce else { continue };
        let mut claims = client.claims().await;
        claims["nonce"] = json!(nonce);
        let (cookie, callback) = client.called_back().await;
        let proof = client.key.sign(&client.key.header(), &claims);
        let signed_in = tokens(client.finish(&cookie, &callback, &[&proof]).await).await;
        assert!(signed_in.bound);
    }
}

#[tokio::test]
async fn security_59_a_nonce_stays_valid_after_a_restart() {
    let mut client = DpopClient::start("refresh").await;
    let signed_in = client.sign_in().await;
    let proof = client.proof().await;
    client.app = client.app.restarted().await;
    tokens(client.refresh(&signed_in.refresh_token, &[&proof]).await).await;
}

#[tokio::test]
async fn a_refused_proof_does_not_consume_the_sign_in() {
    let client = DpopClient::start("refresh").await;
    let (cookie, callback) = client.called_back().await;
    let mut claims = client.claims().await;
    claims["nonce"] = Value::Null;
    let without = client.key.sign(&client.key.header(), &claims);
    let response = client.finish(&cookie, &callback, &[&without]).await;
    assert_eq!(code(response).await, (400, "use_dpop_nonce".into()));
    let response = client.finish(&cookie, &callback, &["nonsense"]).await;
    assert_eq!(code(response).await, (400, "invalid_dpop_proof".into()));

    let proof = client.proof().await;
    let signed_in = tokens(client.finish(&cookie, &callback, &[&proof]).await).await;
    assert!(signed_in.bound);
    // SECURITY 4: a valid proof consumes the sign-in.
    let proof = client.proof().await;
    let again = client.finish(&cookie, &callback, &[&proof]).await;
    assert_eq!(code(again).await, (400, "sign_in_not_found".into()));
}

#[tokio::test]
async fn security_61_every_response_of_the_token_endpoints_has_one_nonce_and_is_not_cached() {
    for binding in ["refresh", "full"] {
        let client = DpopClient::start(binding).await;
        let app = &client.app;
        let (cookie, callback) = client.called_back().await;
        let signed_in = app.finish(&cookie, &callback).await;
        let nonce = nonce_of(&signed_in);
        let first = tokens(signed_in).await;
        let refreshed = app.refresh(&first.refresh_token, None).await;
        assert_eq!(refreshed.status(), 200);
        let json = json!({ "grant_type": "refresh_token", "refresh_token": "x" });
        let responses = [
            refreshed,
            app.refresh(&first.refresh_token, None).await,
            app.refresh("x", None).await,
            app.token(&[]).await,
            app.token(&[("grant_type", "password")]).await,
            client.refresh("x", &["nonsense"]).await,
            app.get("/auth/token").send().await.expect("a response"),
            app.get("/auth/refresh").send().await.expect("a response"),
            app.post("/auth/refresh")
                .json(&json)
                .send()
                .await
                .expect("a response"),
            app.post("/auth/refresh")
                .body("{")
                .send()
                .await
                .expect("a response"),
            app.post("/auth/token")
                .body("a".repeat(70_000))
                .send()
                .await
                .expect("a response"),
        ];
        for response in responses {
            assert_eq!(nonce_of(&response), nonce, "{response:?}");
        }
        // Other responses have no nonce. Pages of other sites cannot read the nonce of a response,
        // because there are no CORS headers.
        for path in [
            "/api/",
            "/api/me",
            "/auth/providers",
            "/.well-known/jwks.json",
            "/",
        ] {
            let response = app.get(path).send().await.expect("a response");
            assert!(!response.headers().contains_key("dpop-nonce"), "{path}");
        }
        let request = app
            .post("/auth/token")
            .header("origin", "https://evil.example");
        let response = request.send().await.expect("a response");
        let cors = |name: &reqwest::header::HeaderName| name.as_str().starts_with("access-control");
        assert!(!response.headers().keys().any(cors));
    }
}

#[tokio::test]
async fn without_binding_proofs_are_ignored_and_no_nonce_is_sent() {
    let client = DpopClient::start("off").await;
    let (cookie, callback) = client.called_back().await;
    let response = client
        .finish(&cookie, &callback, &["nonsense", "more"])
        .await;
    assert!(!response.headers().contains_key("dpop-nonce"));
    let signed_in = tokens(response).await;
    assert!(!signed_in.bound);
    assert_eq!(signed_in.token_type, "Bearer");
    let response = client
        .refresh(&signed_in.refresh_token, &["nonsense"])
        .await;
    assert!(!response.headers().contains_key("dpop-nonce"));
    assert!(!tokens(response).await.bound);
    let response = client.app.refresh("x", None).await;
    assert!(!response.headers().contains_key("dpop-nonce"));
}

#[tokio::test]
async fn the_metadata_lists_the_dpop_algorithm_if_proofs_are_accepted() {
    for (binding, expected) in [
        ("off", Value::Null),
        ("refresh", json!(["ES256"])),
        ("full", json!(["ES256"])),
    ] {
        let config = format!("[tokens]\nbinding = \"{binding}\"\n");
        let app = TestApp::with(&config).await;
        let metadata = app
            .get_json("/.well-known/oauth-authorization-server")
            .await;
        assert_eq!(metadata["dpop_signing_alg_values_supported"], expected);
    }
}
