//! Every check of a proof at the token endpoint, negated (RFC 9449 §4.3).

use std::time::Duration;

use serde_json::{Value, json};

use super::world::World;
use crate::app::Prover;
use latchkey_testing::{code, refusal, tokens};

/// What a proof can be for: the bare answer of a refused one.
const REFUSED: (u16, &str) = (400, "invalid_dpop_proof");

impl World {
    /// The proof is refused, and nothing else happens.
    async fn refuses(&self, what: &str, token: &str, proofs: &[&str]) {
        let answer = self.refresh(token, proofs).await;
        let (status, error) = refusal(answer).await;
        assert_eq!((status, &*error), REFUSED, "{what}");
    }
}

#[tokio::test]
async fn security_56_each_check_of_a_proof_negated() {
    let world = World::start("refresh").await;
    let mut signed_in = world.sign_in().await;
    let token = &*signed_in.refresh_token;
    let key = &world.key;
    let other = Prover::new();

    let claims = async |name: &str, value: Value| {
        let mut claims = world.claims().await;
        claims[name] = value;
        claims
    };
    let now = world.claims().await["iat"].as_u64().expect("a number");
    for (name, value) in [
        ("jti", json!("")),
        ("jti", Value::Null),
        ("htm", json!("GET")),
        ("htm", Value::Null),
        ("htu", json!(format!("{}/auth/refresh", world.app.url))),
        ("htu", json!("https://id.example.com/auth/token")),
        ("htu", Value::Null),
        ("iat", json!(now - 86_401)),
        ("iat", json!(now + 86_401)),
        ("iat", json!(now * 1000)),
        ("iat", json!(now.to_string())),
        ("iat", Value::Null),
    ] {
        let what = format!("{name}: {value}");
        let proof = key.sign(&key.header(), &claims(name, value).await);
        world.refuses(&what, token, &[&proof]).await;
    }
    let mut private = key.jwk();
    private["d"] = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    for (name, value) in [
        ("typ", json!("JWT")),
        ("typ", Value::Null),
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("RS256")),
        ("alg", Value::Null),
        ("jwk", other.jwk()),
        ("jwk", private),
        ("jwk", Value::Null),
        ("crit", json!(["htu"])),
    ] {
        let mut header = key.header();
        header[name] = value.clone();
        let proof = key.sign(&header, &world.claims().await);
        let what = format!("{name}: {value}");
        world.refuses(&what, token, &[&proof]).await;
    }
    let (header, claims) = (key.header().to_string(), world.claims().await.to_string());
    let twice = claims.replacen('{', "{\"jti\":\"other\",", 1);
    let twice = key.sign_text(&header, &twice);
    world.refuses("a claim twice", token, &[&twice]).await;

    let proof = world.proof().await;
    let (message, signature) = proof.rsplit_once('.').expect("three parts");
    for text in [
        "",
        "a.b.c",
        message,
        &format!("{message}."),
        &format!("{proof}.{signature}"),
    ] {
        world.refuses(text, token, &[text]).await;
    }
    world
        .refuses("an access token", token, &[&signed_in.access_token])
        .await;
    world.refuses("itself", token, &[token]).await;
    // Exactly one header, with exactly one proof.
    let second = world.proof().await;
    world.refuses("two", token, &[&proof, &second]).await;
    world
        .refuses("two in one", token, &[&format!("{proof}, {second}")])
        .await;
    world.refuses("and nothing", token, &[&proof, ""]).await;

    // Nothing was used up by all that, not even the proofs.
    signed_in = tokens(world.refresh(token, &[&proof]).await).await;
    world.refreshed(&signed_in.refresh_token).await;
}

#[tokio::test]
async fn security_56_the_request_is_named_as_the_world_sees_it() {
    let world = World::start("refresh").await;
    let mut token = world.sign_in().await.refresh_token;
    let host = world.app.url.trim_start_matches("http://").to_owned();
    for htu in [
        format!("HTTP://{host}/auth/token"),
        format!("http://{host}/auth/token?grant_type=refresh_token"),
        format!("http://{host}/auth/token#fragment"),
        format!("http://{host}/api/../auth/token"),
    ] {
        let mut claims = world.claims().await;
        claims["htu"] = json!(htu);
        let proof = world.key.sign(&world.key.header(), &claims);
        token = tokens(world.refresh(&token, &[&proof]).await)
            .await
            .refresh_token;
    }
}

#[tokio::test]
async fn the_json_form_takes_proofs_for_its_own_path() {
    let world = World::start("refresh").await;
    let first = world.sign_in().await;
    let refresh = |proof: String| {
        let body = json!({ "grant_type": "refresh_token", "refresh_token": first.refresh_token });
        let request = world.app.post("/auth/refresh").header("dpop", proof);
        request.json(&body).send()
    };
    let answer = refresh(world.proof().await).await.expect("an answer");
    assert_eq!(code(answer).await, (400, "invalid_dpop_proof".into()));
    let mut claims = world.claims().await;
    claims["htu"] = json!(format!("{}/auth/refresh", world.app.url));
    let proof = world.key.sign(&world.key.header(), &claims);
    assert!(tokens(refresh(proof).await.expect("an answer")).await.bound);
}

#[tokio::test]
async fn security_60_a_proof_is_taken_once() {
    let world = World::start("refresh").await;
    let first = world.sign_in().await;
    let proof = world.proof().await;
    let second = tokens(world.refresh(&first.refresh_token, &[&proof]).await).await;
    world
        .refuses("used", &second.refresh_token, &[&proof])
        .await;
    // For as long as its nonce is good; then for that.
    world.app.clock.advance(Duration::from_mins(4));
    world
        .refuses("used", &second.refresh_token, &[&proof])
        .await;
    world.app.clock.advance(Duration::from_mins(26));
    let answer = world.refresh(&second.refresh_token, &[&proof]).await;
    assert_eq!(refusal(answer).await, (400, "use_dpop_nonce".into()));

    // Of another key the same jti is another proof.
    let (plain, other) = (world.app.sign_in().await, Prover::new());
    let claims = world.claims().await;
    let mine = world.key.sign(&world.key.header(), &claims);
    let theirs = other.sign(&other.header(), &claims);
    tokens(world.refresh(&second.refresh_token, &[&mine]).await).await;
    tokens(world.refresh(&plain.refresh_token, &[&theirs]).await).await;
}

#[tokio::test]
async fn security_60_a_jti_has_a_bounded_length() {
    let world = World::start("refresh").await;
    let signed_in = world.sign_in().await;
    let proof = async |length: usize| {
        let mut claims = world.claims().await;
        claims["jti"] = json!("j".repeat(length));
        world.key.sign(&world.key.header(), &claims)
    };
    let long = proof(129).await;
    world
        .refuses("129", &signed_in.refresh_token, &[&long])
        .await;
    let longest = proof(128).await;
    tokens(world.refresh(&signed_in.refresh_token, &[&longest]).await).await;
}

#[tokio::test]
async fn security_34_a_proof_is_no_token() {
    let world = World::start("refresh").await;
    let proof = world.proof().await;
    assert_eq!(world.app.check(&proof).await, Err("token_invalid".into()));
    world.app.refresh_is_refused(&proof).await;
}
