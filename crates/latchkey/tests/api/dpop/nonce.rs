//! The server's nonce (RFC 9449 §8).

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};

use super::world::World;
use crate::app::TestApp;
use latchkey_testing::{code, header, refusal, tokens};

/// Five minutes longer than an access token lives.
const WINDOW: Duration = Duration::from_mins(15);

/// The one nonce of an answer that no cache keeps.
fn nonce_of(answer: &Response) -> String {
    assert_eq!(answer.headers().get_all("dpop-nonce").iter().count(), 1);
    assert_eq!(header(answer, "cache-control"), "no-store");
    header(answer, "dpop-nonce").to_owned()
}

#[tokio::test]
async fn security_59_a_proof_without_the_nonce_is_told_it() {
    let world = World::start("refresh").await;
    let stranger = World::start("refresh").await;
    let signed_in = world.sign_in().await;
    let stale = world.nonce().await;
    world.app.clock.advance(2 * WINDOW);
    for nonce in [
        Value::Null,
        json!(""),
        json!("invented"),
        json!(stale),
        json!(stranger.nonce().await),
    ] {
        let mut claims = world.claims().await;
        claims["nonce"] = nonce.clone();
        let proof = world.key.sign(&world.key.header(), &claims);
        let answer = world.refresh(&signed_in.refresh_token, &[&proof]).await;
        claims["nonce"] = json!(nonce_of(&answer));
        claims["jti"] = json!(format!("again: {nonce}"));
        let (status, body) = (answer.status(), answer.json::<Value>().await.expect("JSON"));
        assert_eq!(status, 400, "{nonce}");
        assert_eq!(body["error"], "use_dpop_nonce", "{nonce}");
        assert_eq!(body["code"], "use_dpop_nonce", "{nonce}");
        // What it was told is good: as what it was not told is refused for another reason.
        let proof = world.key.sign(&world.key.header(), &claims);
        let answer = world.refresh("no token", &[&proof]).await;
        assert_eq!(refusal(answer).await, (400, "invalid_grant".into()));
    }
    world.refreshed(&signed_in.refresh_token).await;
}

#[tokio::test]
async fn security_59_a_nonce_is_good_for_its_window_and_the_next() {
    let world = World::start("refresh").await;
    let signed_in = world.sign_in().await;
    let mut claims = world.claims().await;
    // The clock of the tests starts with a window.
    world
        .app
        .clock
        .advance((2 * WINDOW).saturating_sub(Duration::from_millis(1)));
    let proof = world.key.sign(&world.key.header(), &claims);
    let next = tokens(world.refresh(&signed_in.refresh_token, &[&proof]).await).await;
    world.app.clock.advance(Duration::from_millis(1));
    claims["jti"] = json!("another");
    let proof = world.key.sign(&world.key.header(), &claims);
    let answer = world.refresh(&next.refresh_token, &[&proof]).await;
    assert_eq!(refusal(answer).await, (400, "use_dpop_nonce".into()));
}

/// A browser refreshes when its access token is about to end, with the nonce that came with it.
#[tokio::test]
async fn regular_refreshes_are_not_refused_for_want_of_a_nonce() {
    for (access_ttl, life) in [
        ("30s", Duration::from_secs(30)),
        ("10m", Duration::from_mins(10)),
        ("2h", Duration::from_hours(2)),
    ] {
        let config = format!("demo = true\n[tokens]\naccess_ttl = \"{access_ttl}\"\n");
        let world = World::with(&config).await;
        let mut claims = world.claims().await;
        let (cookie, callback) = world.called_back().await;
        let proof = world.key.sign(&world.key.header(), &claims);
        let mut answer = world.finish(&cookie, &callback, &[&proof]).await;
        // Twelve of them meet the end of a window somewhere.
        for count in 0..12 {
            assert_eq!(answer.status(), 200, "{access_ttl}, refresh {count}");
            claims["nonce"] = json!(nonce_of(&answer));
            claims["jti"] = json!(format!("refresh {count}"));
            let before = tokens(answer).await;
            world.app.clock.advance(life);
            claims["iat"] = json!(claims["iat"].as_u64().expect("seconds") + life.as_secs());
            let proof = world.key.sign(&world.key.header(), &claims);
            answer = world.refresh(&before.refresh_token, &[&proof]).await;
        }
    }
}

#[tokio::test]
async fn a_page_brings_the_nonce_for_its_first_proof() {
    let folder = tempfile::tempdir().expect("a folder");
    let index = "<!DOCTYPE html><html><head></head><body></body></html>";
    std::fs::write(folder.path().join("index.html"), index).expect("a file");
    for (binding, takes_proofs) in [("refresh", true), ("full", true), ("off", false)] {
        let web_dir = folder.path().display();
        let world = World::with(&format!(
            "demo = true\nweb_dir = \"{web_dir}\"\n[tokens]\nbinding = \"{binding}\"\n"
        ))
        .await;
        let page = world.app.get("/callback").send().await.expect("an answer");
        assert_eq!(header(&page, "cache-control"), "no-cache, private");
        let page = page.text().await.expect("a page").replace("&quot;", "\"");
        let nonce = page
            .split_once("\"dpop_nonce\":\"")
            .and_then(|(_, after)| after.split_once('"'))
            .map(|(nonce, _)| nonce);
        assert_eq!(nonce.is_some(), takes_proofs, "{binding}");
        let Some(nonce) = nonce else { continue };
        let mut claims = world.claims().await;
        claims["nonce"] = json!(nonce);
        let (cookie, callback) = world.called_back().await;
        let proof = world.key.sign(&world.key.header(), &claims);
        let signed_in = tokens(world.finish(&cookie, &callback, &[&proof]).await).await;
        assert!(signed_in.bound);
    }
}

#[tokio::test]
async fn security_59_a_nonce_outlives_a_restart() {
    let mut world = World::start("refresh").await;
    let signed_in = world.sign_in().await;
    let proof = world.proof().await;
    world.app = world.app.restarted().await;
    tokens(world.refresh(&signed_in.refresh_token, &[&proof]).await).await;
}

#[tokio::test]
async fn a_sign_in_is_not_used_up_by_a_refused_proof() {
    let world = World::start("refresh").await;
    let (cookie, callback) = world.called_back().await;
    let mut claims = world.claims().await;
    claims["nonce"] = Value::Null;
    let without = world.key.sign(&world.key.header(), &claims);
    let answer = world.finish(&cookie, &callback, &[&without]).await;
    assert_eq!(code(answer).await, (400, "use_dpop_nonce".into()));
    let answer = world.finish(&cookie, &callback, &["nonsense"]).await;
    assert_eq!(code(answer).await, (400, "invalid_dpop_proof".into()));

    let proof = world.proof().await;
    let signed_in = tokens(world.finish(&cookie, &callback, &[&proof]).await).await;
    assert!(signed_in.bound);
    // SECURITY 4: and by a good one it is.
    let proof = world.proof().await;
    let again = world.finish(&cookie, &callback, &[&proof]).await;
    assert_eq!(code(again).await, (400, "sign_in_not_found".into()));
}

#[tokio::test]
async fn security_61_every_answer_of_the_token_endpoints_has_one_nonce_that_no_cache_keeps() {
    for binding in ["refresh", "full"] {
        let world = World::start(binding).await;
        let app = &world.app;
        let (cookie, callback) = world.called_back().await;
        let signed_in = app.finish(&cookie, &callback).await;
        let nonce = nonce_of(&signed_in);
        let first = tokens(signed_in).await;
        let refreshed = app.refresh(&first.refresh_token, None).await;
        assert_eq!(refreshed.status(), 200);
        let json = json!({ "grant_type": "refresh_token", "refresh_token": "x" });
        let answers = [
            refreshed,
            app.refresh(&first.refresh_token, None).await,
            app.refresh("x", None).await,
            app.token(&[]).await,
            app.token(&[("grant_type", "password")]).await,
            world.refresh("x", &["nonsense"]).await,
            app.get("/auth/token").send().await.expect("an answer"),
            app.get("/auth/refresh").send().await.expect("an answer"),
            app.post("/auth/refresh")
                .json(&json)
                .send()
                .await
                .expect("an answer"),
            app.post("/auth/refresh")
                .body("{")
                .send()
                .await
                .expect("an answer"),
            app.post("/auth/token")
                .body("a".repeat(70_000))
                .send()
                .await
                .expect("an answer"),
        ];
        for answer in answers {
            assert_eq!(nonce_of(&answer), nonce, "{answer:?}");
        }
        // Others have none; and no other site may read one (there is no CORS at all).
        for path in [
            "/api/",
            "/api/me",
            "/auth/providers",
            "/.well-known/jwks.json",
            "/",
        ] {
            let answer = app.get(path).send().await.expect("an answer");
            assert!(!answer.headers().contains_key("dpop-nonce"), "{path}");
        }
        let request = app
            .post("/auth/token")
            .header("origin", "https://evil.example");
        let answer = request.send().await.expect("an answer");
        let cors = |name: &reqwest::header::HeaderName| name.as_str().starts_with("access-control");
        assert!(!answer.headers().keys().any(cors));
    }
}

#[tokio::test]
async fn without_binding_nothing_is_said_and_nothing_is_looked_at() {
    let world = World::start("off").await;
    let (cookie, callback) = world.called_back().await;
    let answer = world
        .finish(&cookie, &callback, &["nonsense", "more"])
        .await;
    assert!(!answer.headers().contains_key("dpop-nonce"));
    let signed_in = tokens(answer).await;
    assert!(!signed_in.bound);
    assert_eq!(signed_in.token_type, "Bearer");
    let answer = world.refresh(&signed_in.refresh_token, &["nonsense"]).await;
    assert!(!answer.headers().contains_key("dpop-nonce"));
    assert!(!tokens(answer).await.bound);
    let answer = world.app.refresh("x", None).await;
    assert!(!answer.headers().contains_key("dpop-nonce"));
}

#[tokio::test]
async fn the_metadata_names_the_algorithm_where_proofs_are_taken() {
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
