//! Access tokens that are bound as well (RFC 9449 §6, §7).

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};

use super::world::World;
use crate::app::{Prover, claims, hash};
use latchkey_testing::{code, header};

const PATH: &str = "/api/protected";

impl World {
    /// `GET` with the token and a proof of these claims.
    async fn call(&self, token: &str, claims: &Value) -> Response {
        let proof = self.key.sign(&self.key.header(), claims);
        self.get(PATH, &format!("DPoP {token}"), &[&proof]).await
    }
}

/// Status, code and challenge.
async fn refused(answer: Response) -> (u16, String, String) {
    let challenge = header(&answer, "www-authenticate").to_owned();
    let (status, code) = code(answer).await;
    (status, code, challenge)
}

#[tokio::test]
async fn security_58_a_bound_access_token_needs_its_key() {
    let world = World::start("full").await;
    let signed_in = world.sign_in().await;
    assert_eq!(signed_in.token_type, "DPoP");
    assert!(signed_in.bound);
    let token = &*signed_in.access_token;
    let jkt = world.key.thumbprint();
    assert_eq!(claims(token)["cnf"], json!({ "jkt": jkt }));

    let answer = world.call(token, &world.call_claims(PATH, token)).await;
    assert_eq!(answer.status(), 200);
    // The scheme's case does not matter; nor do query and fragment.
    let mut claims = world.call_claims(PATH, token);
    claims["htu"] = json!(format!("{}{PATH}?a=b#c", world.app.url));
    let proof = world.key.sign(&world.key.header(), &claims);
    let path = format!("{PATH}?x=y");
    let answer = world.get(&path, &format!("dpop {token}"), &[&proof]).await;
    assert_eq!(answer.status(), 200);

    // As a bearer token, with or without a proof.
    let proof = |key: &Prover| key.sign(&key.header(), &world.call_claims(PATH, token));
    let mine = proof(&world.key);
    let bearer = format!("Bearer {token}");
    for proofs in [&[][..], &[&*mine]] {
        let (status, code, challenge) = refused(world.get(PATH, &bearer, proofs).await).await;
        assert_eq!((status, &*code), (401, "key_mismatch"));
        assert!(
            challenge.starts_with("DPoP error=\"invalid_token\""),
            "{challenge}"
        );
        assert!(challenge.ends_with("algs=\"ES256\""), "{challenge}");
    }
    // With another key.
    let theirs = proof(&Prover::new());
    let answer = world.get(PATH, &format!("DPoP {token}"), &[&theirs]).await;
    let (status, code, challenge) = refused(answer).await;
    assert_eq!((status, &*code), (401, "key_mismatch"));
    assert!(
        challenge.starts_with("DPoP error=\"invalid_token\""),
        "{challenge}"
    );
    // The next one is bound as well.
    let next = world.refreshed(&signed_in.refresh_token).await;
    assert_eq!(next.token_type, "DPoP");
    let token = &*next.access_token;
    let answer = world.call(token, &world.call_claims(PATH, token)).await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn security_56_58_each_check_of_a_proof_beside_an_access_token_negated() {
    let world = World::start("full").await;
    let token = &*world.sign_in().await.access_token;
    let now = world.call_claims(PATH, token)["iat"]
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
        ("htu", json!(format!("{}/api/me", world.app.url))),
        ("htu", json!(format!("https://id.example.com{PATH}"))),
        ("iat", json!(now - 61)),
        ("iat", json!(now + 61)),
        ("jti", json!("j".repeat(129))),
    ] {
        let mut claims = world.call_claims(PATH, token);
        claims[name] = value.clone();
        let answer = refused(world.call(token, &claims).await).await;
        assert_eq!(answer, expected, "{name}: {value}");
    }
    let good = || {
        world
            .key
            .sign(&world.key.header(), &world.call_claims(PATH, token))
    };
    let dpop = format!("DPoP {token}");
    let (one, two) = (good(), good());
    for proofs in [&[][..], &[""], &["a.b.c"], &[&*one, &*two], &[token]] {
        let answer = refused(world.get(PATH, &dpop, proofs).await).await;
        assert_eq!(answer, expected, "{proofs:?}");
    }
    // SECURITY 60: once it is used, it is used.
    assert_eq!(world.get(PATH, &dpop, &[&one]).await.status(), 200);
    assert_eq!(
        refused(world.get(PATH, &dpop, &[&one]).await).await,
        expected
    );
    assert_eq!(world.get(PATH, &dpop, &[&two]).await.status(), 200);
}

#[tokio::test]
async fn security_59_whose_clock_is_wrong_may_use_the_nonce_of_the_refusal() {
    let world = World::start("full").await;
    let token = &*world.sign_in().await.access_token;
    let hour = 3600;
    let mut claims = world.call_claims(PATH, token);
    claims["iat"] = json!(claims["iat"].as_u64().expect("a number") - hour);
    let answer = world.call(token, &claims).await;
    assert_eq!(answer.status(), 401);
    claims["nonce"] = header(&answer, "dpop-nonce").into();
    assert_eq!(world.call(token, &claims).await.status(), 200);

    // A nonce that is there must be in force.
    claims["nonce"] = json!("invented");
    let answer = world.call(token, &claims).await;
    assert_eq!(header(&answer, "dpop-nonce"), world.nonce().await);
    let challenge = "DPoP error=\"use_dpop_nonce\", algs=\"ES256\"";
    assert_eq!(
        refused(answer).await,
        (401, "use_dpop_nonce".into(), challenge.into())
    );
}

#[tokio::test]
async fn security_28_refusals_of_the_scheme_carry_its_challenge() {
    let world = World::start("full").await;
    let signed_in = world.sign_in().await;
    let token = &*signed_in.access_token;
    let challenge = |what: &str| {
        format!(
            "DPoP error=\"invalid_token\", error_description=\"The access token {what}\", \
             algs=\"ES256\""
        )
    };
    let bad = world.get(PATH, "DPoP bad", &[]).await;
    assert_eq!(
        refused(bad).await,
        (401, "token_invalid".into(), challenge("is invalid"))
    );
    for malformed in ["DPoP", "DPoP ", &format!("DPoP {token} {token}")] {
        let answer = world.get(PATH, malformed, &[]).await;
        assert_eq!(code(answer).await, (400, "invalid_request".into()));
    }
    // Who sends none is told of both ways.
    let answer = world.app.get(PATH).send().await.expect("an answer");
    let challenges: Vec<_> = answer
        .headers()
        .get_all("www-authenticate")
        .iter()
        .collect();
    assert_eq!(
        challenges,
        ["Bearer realm=\"latchkey\"", "DPoP algs=\"ES256\""]
    );

    world.app.revoke(token).await;
    let answer = world.call(token, &world.call_claims(PATH, token)).await;
    assert_eq!(
        refused(answer).await,
        (401, "token_revoked".into(), challenge("was revoked"))
    );
    world.app.clock.advance(Duration::from_mins(10));
    let answer = world.call(token, &world.call_claims(PATH, token)).await;
    assert_eq!(
        refused(answer).await,
        (401, "token_expired".into(), challenge("expired"))
    );
}

#[tokio::test]
async fn security_58_an_unbound_access_token_is_a_bearer_token_and_nothing_else() {
    let world = World::start("full").await;
    let plain = world.app.sign_in().await;
    assert_eq!((&*plain.token_type, plain.bound), ("Bearer", false));
    let token = &*plain.access_token;
    assert_eq!(world.app.check(token).await, Ok(()));
    let answer = world.call(token, &world.call_claims(PATH, token)).await;
    assert_eq!(code(answer).await, (401, "token_invalid".into()));
    world.app.refreshed(&plain.refresh_token).await;
}

#[tokio::test]
async fn signing_out_works_with_a_bound_access_token() {
    let world = World::start("full").await;
    let signed_in = world.sign_in().await;
    let token = &*signed_in.access_token;
    assert_eq!(world.app.log_out(token).await.status(), 401);
    let mut claims = Prover::claims(&world.app, "POST", "/auth/logout");
    claims["ath"] = json!(hash(token));
    let proof = world.key.sign(&world.key.header(), &claims);
    let request = world
        .app
        .post("/auth/logout")
        .header("authorization", format!("DPoP {token}"))
        .header("dpop", proof);
    assert_eq!(request.send().await.expect("an answer").status(), 204);
    let answer = world.call(token, &world.call_claims(PATH, token)).await;
    assert_eq!(code(answer).await, (401, "token_revoked".into()));
}

#[tokio::test]
async fn security_60_the_memory_of_used_proofs_is_freed() {
    let world = World::start("full").await;
    let token = &*world.sign_in().await.access_token;
    for _ in 0..2 {
        let answer = world.call(token, &world.call_claims(PATH, token)).await;
        assert_eq!(answer.status(), 200);
    }
    let proofs = &world.app.state.guard.proofs();
    let now = || latchkey_core::Clock::now(&*world.app.clock);
    assert_eq!(proofs.sweep(now(), 10), 0);
    world.app.clock.advance(Duration::from_mins(10));
    // Of the one that signed in, and of these two.
    assert_eq!(proofs.sweep(now(), 10), 2);
    assert_eq!(proofs.sweep(now(), 10), 0);
}
