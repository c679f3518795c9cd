//! `binding = "full"`: access tokens are bound too (RFC 9449 §6, §7).

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};

use super::client::DpopClient;
use crate::app::{Prover, claims, hash};
use latchkey_testing::{code, header};

const PATH: &str = "/api/protected";

impl DpopClient {
    /// A `GET` request with the token and a proof with these claims.
    async fn call(&self, token: &str, claims: &Value) -> Response {
        let proof = self.key.sign(&self.key.header(), claims);
        self.get(PATH, &format!("DPoP {token}"), &[&proof]).await
    }
}

/// Status, code and challenge.
async fn refused(response: Response) -> (u16, String, String) {
    let challenge = header(&response, "www-authenticate").to_owned();
    let (status, code) = code(response).await;
    (status, code, challenge)
}

#[tokio::test]
async fn security_58_a_bound_access_token_needs_its_key() {
    let client = DpopClient::start("full").await;
    let signed_in = client.sign_in().await;
    assert_eq!(signed_in.token_type, "DPoP");
    assert!(signed_in.bound);
    let token = &*signed_in.access_token;
    let jkt = client.key.thumbprint();
    assert_eq!(claims(token)["cnf"], json!({ "jkt": jkt }));

    let response = client.call(token, &client.call_claims(PATH, token)).await;
    assert_eq!(response.status(), 200);
    // The case of the scheme is ignored, as are the query and the fragment.
    let mut claims = client.call_claims(PATH, token);
    claims["htu"] = json!(format!("{}{PATH}?a=b#c", client.app.url));
    let proof = client.key.sign(&client.key.header(), &claims);
    let path = format!("{PATH}?x=y");
    let response = client.get(&path, &format!("dpop {token}"), &[&proof]).await;
    assert_eq!(response.status(), 200);

    // A bound token is refused as a bearer token, with or without a proof.
    let proof = |key: &Prover| key.sign(&key.header(), &client.call_claims(PATH, token));
    let mine = proof(&client.key);
    let bearer = format!("Bearer {token}");
    for proofs in [&[][..], &[&*mine]] {
        let (status, code, challenge) = refused(client.get(PATH, &bearer, proofs).await).await;
        assert_eq!((status, &*code), (401, "key_mismatch"));
        assert!(
            challenge.starts_with("DPoP error=\"invalid_token\""),
            "{challenge}"
        );
        assert!(challenge.ends_with("algs=\"ES256\""), "{challenge}");
    }
    // With another key.
    let theirs = proof(&Prover::new());
    let response = client.get(PATH, &format!("DPoP {token}"), &[&theirs]).await;
    let (status, code, challenge) = refused(response).await;
    assert_eq!((status, &*code), (401, "key_mismatch"));
    assert!(
        challenge.starts_with("DPoP error=\"invalid_token\""),
        "{challenge}"
    );
    // The next access token is bound too.
    let next = client.refreshed(&signed_in.refresh_token).await;
    assert_eq!(next.token_type, "DPoP");
    let token = &*next.access_token;
    let response = client.call(token, &client.call_claims(PATH, token)).await;
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn security_56_58_an_invalid_proof_for_an_access_token_is_refused() {
    let client = DpopClient::start("full").await;
    let token = &*client.sign_in().await.access_token;
    let now = client.call_claims(PATH, token)["iat"]
        .as_u64()
        .expect("a number");
    let expected = (
        401,
        "invalid_dpop_proof".to_owned(),
        "DPoP error=\"invalid_dpop_proof\", algs=\"ES256\"".to_owned(),
    );
    for (name, value) in [
        ("ath", Value::Null),
        ("ath", json!("")),
        ("ath", json!(token)),
        ("ath", json!(hash("another"))),
        ("htm", json!("POST")),
        ("htu", json!(format!("{}/api/me", client.app.url))),
        ("htu", json!(format!("https://id.example.com{PATH}"))),
        ("iat", json!(now - 61)),
        ("iat", json!(now + 61)),
        ("jti", json!("j".repeat(129))),
    ] {
        let mut claims = client.call_claims(PATH, token);
        claims[name] = value.clone();
        let response = refused(client.call(token, &claims).await).await;
        assert_eq!(response, expected, "{name}: {value}");
    }
    let valid_proof = || {
        client
            .key
            .sign(&client.key.header(), &client.call_claims(PATH, token))
    };
    let dpop = format!("DPoP {token}");
    let (one, two) = (valid_proof(), valid_proof());
    for proofs in [&[][..], &[""], &["a.b.c"], &[&*one, &*two], &[token]] {
        let response = refused(client.get(PATH, &dpop, proofs).await).await;
        assert_eq!(response, expected, "{proofs:?}");
    }
    // SECURITY 60: each proof is accepted once.
    assert_eq!(client.get(PATH, &dpop, &[&one]).await.status(), 200);
    assert_eq!(
        refused(client.get(PATH, &dpop, &[&one]).await).await,
        expected
    );
    assert_eq!(client.get(PATH, &dpop, &[&two]).await.status(), 200);
}

#[tokio::test]
async fn security_59_a_client_with_a_wrong_clock_may_use_the_nonce_of_the_refusal() {
    let client = DpopClient::start("full").await;
    let token = &*client.sign_in().await.access_token;
    let hour = 3600;
    let mut claims = client.call_claims(PATH, token);
    claims["iat"] = json!(claims["iat"].as_u64().expect("a number") - hour);
    let response = client.call(token, &claims).await;
    assert_eq!(response.status(), 401);
    claims["nonce"] = header(&response, "dpop-nonce").into();
    assert_eq!(client.call(token, &claims).await.status(), 200);

    // If a proof has a nonce, the nonce must be valid.
    claims["nonce"] = json!("invented");
    let response = client.call(token, &claims).await;
    assert_eq!(header(&response, "dpop-nonce"), client.nonce().await);
    let challenge = "DPoP error=\"use_dpop_nonce\", algs=\"ES256\"";
    assert_eq!(
        refused(response).await,
        (401, "use_dpop_nonce".into(), challenge.into())
    );
}

#[tokio::test]
async fn security_28_refused_dpop_requests_get_a_dpop_challenge() {
    let client = DpopClient::start("full").await;
    let signed_in = client.sign_in().await;
    let token = &*signed_in.access_token;
    let challenge = |what: &str| {
        format!(
            "DPoP error=\"invalid_token\", error_description=\"The access token {what}\", \
             algs=\"ES256\""
        )
    };
    let invalid = client.get(PATH, "DPoP bad", &[]).await;
    assert_eq!(
        refused(invalid).await,
        (401, "token_invalid".into(), challenge("is invalid"))
    );
    for malformed in ["DPoP", "DPoP ", &format!("DPoP {token} {token}")] {
        let response = client.get(PATH, malformed, &[]).await;
        assert_eq!(code(response).await, (400, "invalid_request".into()));
    }
    // A request without a token gets a challenge for each scheme.
    let response = client.app.get(PATH).send().await.expect("a response");
    let challenges: Vec<_> = response
        .headers()
        .get_all("www-authenticate")
        .iter()
        .collect();
    assert_eq!(
        challenges,
        ["Bearer realm=\"latchkey\"", "DPoP algs=\"ES256\""]
    );

    client.app.revoke(token).await;
    let response = client.call(token, &client.call_claims(PATH, token)).await;
    assert_eq!(
        refused(response).await,
        (401, "token_revoked".into(), challenge("was revoked"))
    );
    client.app.clock.advance(Duration::from_mins(10));
    let response = client.call(token, &client.call_claims(PATH, token)).await;
    assert_eq!(
        refused(response).await,
        (401, "token_expired".into(), challenge("expired"))
    );
}

#[tokio::test]
async fn security_58_an_unbound_access_token_is_accepted_only_as_a_bearer_token() {
    let client = DpopClient::start("full").await;
    let plain = client.app.sign_in().await;
    assert_eq!((&*plain.token_type, plain.bound), ("Bearer", false));
    let token = &*plain.access_token;
    assert_eq!(client.app.check(token).await, Ok(()));
    let response = client.call(token, &client.call_claims(PATH, token)).await;
    assert_eq!(code(response).await, (401, "token_invalid".into()));
    client.app.refreshed(&plain.refresh_token).await;
}

#[tokio::test]
async fn signing_out_works_with_a_bound_access_token() {
    let client = DpopClient::start("full").await;
    let signed_in = client.sign_in().await;
    let token = &*signed_in.access_token;
    assert_eq!(client.app.log_out(token).await.status(), 401);
    let mut claims = Prover::claims(&client.app, "POST", "/auth/logout");
    claims["ath"] = json!(hash(token));
    let proof = client.key.sign(&client.key.header(), &claims);
    let request = client
        .app
        .post("/auth/logout")
        .header("authorization", format!("DPoP {token}"))
        .header("dpop", proof);
    assert_eq!(request.send().await.expect("a response").status(), 204);
    let response = client.call(token, &client.call_claims(PATH, token)).await;
    assert_eq!(code(response).await, (401, "token_revoked".into()));
}

#[tokio::test]
async fn security_60_expired_entries_of_the_replay_cache_are_freed() {
    let client = DpopClient::start("full").await;
    let token = &*client.sign_in().await.access_token;
    for _ in 0..2 {
        let response = client.call(token, &client.call_claims(PATH, token)).await;
        assert_eq!(response.status(), 200);
    }
    let proofs = &client.app.state.guard.proofs();
    let now = || latchkey_core::Clock::now(&*client.app.clock);
    assert_eq!(proofs.sweep(now(), 10), 0);
    client.app.clock.advance(Duration::from_mins(10));
    // Two proofs were used with access tokens.
    assert_eq!(proofs.sweep(now(), 10), 2);
    assert_eq!(proofs.sweep(now(), 10), 0);
}
