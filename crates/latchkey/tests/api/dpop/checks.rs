//! The checks of a proof at the token endpoints (RFC 9449 §4.3), one at a time.

use std::time::Duration;

use serde_json::{Value, json};

use super::client::DpopClient;
use crate::app::Prover;
use latchkey_testing::{code, refusal, tokens};

/// The response to an invalid proof.
const REFUSED: (u16, &str) = (400, "invalid_dpop_proof");

impl DpopClient {
    /// Asserts that a refresh with these proofs is refused as an invalid proof.
    async fn assert_refused(&self, what: &str, token: &str, proofs: &[&str]) {
        let response = self.refresh(token, proofs).await;
        let (status, error) = refusal(response).await;
        assert_eq!((status, &*error), REFUSED, "{what}");
    }
}

#[tokio::test]
async fn security_56_a_proof_with_a_wrong_claim_is_refused() {
    let client = DpopClient::start("refresh").await;
    let token = client.sign_in().await.refresh_token;
    let now = client.claims().await["iat"].as_u64().expect("a number");
    for (name, value) in [
        ("jti", json!("")),
        ("jti", Value::Null),
        ("htm", json!("GET")),
        ("htm", Value::Null),
        ("htu", json!(format!("{}/auth/refresh", client.app.url))),
        ("htu", json!("https://id.example.com/auth/token")),
        ("htu", Value::Null),
        ("iat", json!(now - 86_401)),
        ("iat", json!(now + 86_401)),
        ("iat", json!(now * 1000)),
        ("iat", json!(now.to_string())),
        ("iat", Value::Null),
    ] {
        let what = format!("{name}: {value}");
        let mut claims = client.claims().await;
        claims[name] = value;
        let proof = client.key.sign(&client.key.header(), &claims);
        client.assert_refused(&what, &token, &[&proof]).await;
    }
    let (header, claims) = (client.key.header(), client.claims().await);
    let twice = claims.to_string().replacen('{', "{\"jti\":\"other\",", 1);
    let twice = client.key.sign_text(&header.to_string(), &twice);
    client
        .assert_refused("a repeated claim", &token, &[&twice])
        .await;
    // The token was not consumed.
    client.refreshed(&token).await;
}

#[tokio::test]
async fn security_56_a_proof_with_a_wrong_header_member_is_refused() {
    let client = DpopClient::start("refresh").await;
    let token = client.sign_in().await.refresh_token;
    let mut private = client.key.jwk();
    private["d"] = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    for (name, value) in [
        ("typ", json!("JWT")),
        ("typ", Value::Null),
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("RS256")),
        ("alg", Value::Null),
        ("jwk", Prover::new().jwk()),
        ("jwk", private),
        ("jwk", Value::Null),
        ("crit", json!(["htu"])),
    ] {
        let what = format!("{name}: {value}");
        let mut header = client.key.header();
        header[name] = value;
        let proof = client.key.sign(&header, &client.claims().await);
        client.assert_refused(&what, &token, &[&proof]).await;
    }
    // The token was not consumed.
    client.refreshed(&token).await;
}

#[tokio::test]
async fn security_56_anything_but_one_well_formed_proof_is_refused() {
    let client = DpopClient::start("refresh").await;
    let signed_in = client.sign_in().await;
    let token = &*signed_in.refresh_token;
    let proof = client.proof().await;
    let (message, signature) = proof.rsplit_once('.').expect("three parts");
    for text in [
        "",
        "a.b.c",
        message,
        &format!("{message}."),
        &format!("{proof}.{signature}"),
    ] {
        client.assert_refused(text, token, &[text]).await;
    }
    let second = client.proof().await;
    let both = format!("{proof}, {second}");
    for (what, proofs) in [
        ("an access token", &[&*signed_in.access_token][..]),
        ("the refresh token itself", &[token]),
        ("two headers", &[&*proof, &*second]),
        ("two proofs in one header", &[&*both]),
        ("an additional empty header", &[&*proof, ""]),
    ] {
        client.assert_refused(what, token, proofs).await;
    }
    // Neither the token nor the proof was consumed.
    tokens(client.refresh(token, &[&proof]).await).await;
}

#[tokio::test]
async fn security_56_htu_is_compared_after_normalization() {
    let client = DpopClient::start("refresh").await;
    let mut token = client.sign_in().await.refresh_token;
    let host = client.app.url.trim_start_matches("http://").to_owned();
    for htu in [
        format!("HTTP://{host}/auth/token"),
        format!("http://{host}/auth/token?grant_type=refresh_token"),
        format!("http://{host}/auth/token#fragment"),
        format!("http://{host}/api/../auth/token"),
    ] {
        let mut claims = client.claims().await;
        claims["htu"] = json!(htu);
        let proof = client.key.sign(&client.key.header(), &claims);
        token = tokens(client.refresh(&token, &[&proof]).await)
            .await
            .refresh_token;
    }
}

#[tokio::test]
async fn the_json_endpoint_accepts_proofs_for_its_own_path() {
    let client = DpopClient::start("refresh").await;
    let first = client.sign_in().await;
    let refresh = |proof: String| {
        let body = json!({ "grant_type": "refresh_token", "refresh_token": first.refresh_token });
        let request = client.app.post("/auth/refresh").header("dpop", proof);
        request.json(&body).send()
    };
    let response = refresh(client.proof().await).await.expect("a response");
    assert_eq!(code(response).await, (400, "invalid_dpop_proof".into()));
    let mut claims = client.claims().await;
    claims["htu"] = json!(format!("{}/auth/refresh", client.app.url));
    let proof = client.key.sign(&client.key.header(), &claims);
    assert!(
        tokens(refresh(proof).await.expect("a response"))
            .await
            .bound
    );
}

#[tokio::test]
async fn security_60_a_proof_is_accepted_once() {
    let client = DpopClient::start("refresh").await;
    let first = client.sign_in().await;
    let proof = client.proof().await;
    let second = tokens(client.refresh(&first.refresh_token, &[&proof]).await).await;
    client
        .assert_refused("used", &second.refresh_token, &[&proof])
        .await;
    // A replay is detected while the nonce is valid; afterwards the nonce is refused.
    client.app.clock.advance(Duration::from_mins(4));
    client
        .assert_refused("used", &second.refresh_token, &[&proof])
        .await;
    client.app.clock.advance(Duration::from_mins(26));
    let response = client.refresh(&second.refresh_token, &[&proof]).await;
    assert_eq!(refusal(response).await, (400, "use_dpop_nonce".into()));

    // The same `jti` with another key is another proof.
    let (plain, other) = (client.app.sign_in().await, Prover::new());
    let claims = client.claims().await;
    let mine = client.key.sign(&client.key.header(), &claims);
    let theirs = other.sign(&other.header(), &claims);
    tokens(client.refresh(&second.refresh_token, &[&mine]).await).await;
    tokens(client.refresh(&plain.refresh_token, &[&theirs]).await).await;
}

#[tokio::test]
async fn security_60_a_jti_has_a_bounded_length() {
    let client = DpopClient::start("refresh").await;
    let signed_in = client.sign_in().await;
    let proof = async |length: usize| {
        let mut claims = client.claims().await;
        claims["jti"] = json!("j".repeat(length));
        client.key.sign(&client.key.header(), &claims)
    };
    let long = proof(129).await;
    client
        .assert_refused("129", &signed_in.refresh_token, &[&long])
        .await;
    let longest = proof(128).await;
    tokens(client.refresh(&signed_in.refresh_token, &[&longest]).await).await;
}

#[tokio::test]
async fn security_34_a_proof_is_refused_as_a_token() {
    let client = DpopClient::start("refresh").await;
    let proof = client.proof().await;
    assert_eq!(client.app.check(&proof).await, Err("token_invalid".into()));
    client.app.refresh_is_refused(&proof).await;
}
