//! The claims of a proof.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use serde_json::{Value, json};

use super::{NOW, TOKEN, fixture, jwk, sign};
use crate::digest::sha256;
use crate::dpop::ProofError;

#[test]
fn security_56_60_every_wrong_claim_is_refused() {
    let fixture = fixture();
    for name in ["jti", "htm", "htu", "iat"] {
        let mut claims = fixture.claims();
        claims.as_object_mut().expect("claims").remove(name);
        fixture.refuses(name, &fixture.sign(&fixture.header(), &claims));
    }
    let iat = NOW.as_secs();
    for (name, value) in [
        ("jti", json!("")),
        ("jti", json!("j".repeat(129))),
        ("jti", json!(1)),
        ("htm", json!("GET")),
        ("htm", json!("post")),
        ("htm", json!("")),
        ("htu", json!("https://id.example/auth/refresh")),
        ("htu", json!("https://id.example/auth/token/")),
        ("htu", json!("http://id.example/auth/token")),
        ("htu", json!("https://evil.example/auth/token")),
        ("htu", json!("/auth/token")),
        ("htu", json!("")),
        ("iat", json!(iat.to_string())),
        ("iat", json!(1.8e9 + 0.5)),
        ("iat", json!(-1)),
        ("iat", json!(0)),
        ("iat", json!(NOW.as_millis())),
        ("iat", json!(u64::MAX)),
        ("nonce", json!(1)),
    ] {
        let mut claims = fixture.claims();
        claims[name] = value.clone();
        let proof = fixture.sign(&fixture.header(), &claims);
        fixture.refuses(&format!("{name}: {value}"), &proof);
    }
    for (name, value) in [
        ("jti", json!("j")),
        ("jti", json!("ü".repeat(128))),
        ("htu", json!("HTTPS://ID.example:443/auth/token?a=b#c")),
        ("exp", json!(0)),
    ] {
        let mut claims = fixture.claims();
        claims[name] = value.clone();
        let proof = fixture.sign(&fixture.header(), &claims);
        assert!(fixture.verify(&proof).is_ok(), "{name}: {value}");
    }
}

#[test]
fn security_56_duplicate_members_are_refused_at_any_depth() {
    let fixture = fixture();
    let (header, claims) = (fixture.header().to_string(), fixture.claims().to_string());
    let jwk = jwk(&fixture.pair).to_string();
    let twice = |object: &str, extra: &str| format!("{{{extra},{}", &object[1..]);
    for (header, claims) in [
        (twice(&header, r#""alg":"none""#), claims.clone()),
        (
            header.replace(&jwk, &twice(&jwk, r#""kty":"EC""#)),
            claims.clone(),
        ),
        (
            header.replace(
                &jwk,
                &twice(&twice(&jwk, r#""use":"sig""#), r#""use":"sig""#),
            ),
            claims.clone(),
        ),
        (header.clone(), twice(&claims, r#""jti":"another""#)),
        (header.clone(), twice(&claims, r#""x":[{"y":1,"y":2}]"#)),
    ] {
        fixture.refuses("twice", &sign(&fixture.pair, &header, &claims));
    }
    let once = sign(
        &fixture.pair,
        &header,
        &twice(&claims, r#""x":[{"y":1},{"y":2}]"#),
    );
    assert!(fixture.verify(&once).is_ok());
}

#[test]
fn security_56_proof_sent_with_an_access_token_must_contain_its_hash() {
    let fixture = fixture();
    for ath in [
        json!(B64.encode(sha256(b"another.access.token"))),
        json!(TOKEN),
        json!(""),
        Value::Null,
    ] {
        let mut claims = fixture.claims();
        claims["ath"] = ath.clone();
        let [sign_in, with_token] = fixture.both(&claims, NOW);
        assert!(sign_in.is_ok(), "{ath}");
        assert!(matches!(with_token, Err(ProofError::Invalid(_))), "{ath}");
    }
}
