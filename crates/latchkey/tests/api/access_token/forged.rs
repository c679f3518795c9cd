//! Tokens of the wrong kind, or with the wrong key or signature.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64};
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::fixture::TokenFixture;
use crate::app::{claims, hs256};

#[tokio::test]
async fn security_34_regression_a_refresh_token_is_refused_as_an_access_token() {
    let fixture = TokenFixture::start().await;
    let tokens = fixture.app.sign_in().await;
    fixture
        .assert_refused("refresh token", &tokens.refresh_token)
        .await;

    // Refresh token claims with an access token's header and signature, then access token claims
    // signed with the key of refresh tokens.
    let refresh_claims = claims(&tokens.refresh_token);
    fixture
        .assert_refused(
            "refresh token claims",
            &fixture.forge.sign(&fixture.header, &refresh_claims),
        )
        .await;
    let mut header = json!({ "typ": "at+jwt", "alg": "HS256" });
    fixture
        .assert_refused(
            "refresh token key",
            &hs256(&header, &fixture.claims, &fixture.forge.refresh),
        )
        .await;
    header["kid"] = fixture.forge.kid.as_str().into();
    fixture
        .assert_refused(
            "refresh token key",
            &hs256(&header, &fixture.claims, &fixture.forge.refresh),
        )
        .await;

    // The reverse: the claims of an access token, signed as a refresh token.
    let header = json!({ "typ": "rt+jwt", "alg": "HS256" });
    fixture
        .app
        .refresh_is_refused(&hs256(&header, &fixture.claims, &fixture.forge.refresh))
        .await;
    // Control: the same header and key with refresh token claims are accepted.
    fixture
        .app
        .refreshed(&hs256(&header, &refresh_claims, &fixture.forge.refresh))
        .await;
}

#[tokio::test]
async fn security_35_a_missing_or_wrong_signature_is_refused() {
    let fixture = TokenFixture::start().await;
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let mut header = fixture.header.clone();
        header["alg"] = alg.into();
        let signed = fixture.forge.sign(&header, &fixture.claims);
        let (message, _) = signed.rsplit_once('.').expect("three parts");
        fixture.assert_refused(alg, &signed).await;
        fixture.assert_refused(alg, &format!("{message}.")).await;
        fixture.assert_refused(alg, message).await;
    }

    // HS256 with each public encoding of the signing key as the secret.
    let jwks = fixture.app.get_json("/.well-known/jwks.json").await;
    let key = &jwks["keys"][0];
    let mut point = vec![4];
    for coordinate in ["x", "y"] {
        let text = key[coordinate].as_str().expect("text");
        point.extend(B64.decode(text).expect("base64url"));
    }
    let mut spki = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\
        \xce\x3d\x03\x01\x07\x03\x42\x00"
        .to_vec();
    spki.extend(&point);
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        STANDARD.encode(&spki)
    );
    let mut header = fixture.header.clone();
    header["alg"] = "HS256".into();
    let secrets = [
        point,
        spki,
        pem.into_bytes(),
        key.to_string().into_bytes(),
        Vec::new(),
    ];
    for secret in secrets {
        let token = hs256(&header, &fixture.claims, &EncodingKey::from_secret(&secret));
        fixture.assert_refused("HS256", &token).await;
    }

    let (message, signature) = fixture.token.rsplit_once('.').expect("three parts");
    let short = B64.encode([1; 63]);
    for (what, signature) in [
        ("empty", ""),
        ("r=s=0", &*B64.encode([0; 64])),
        ("short", &*short),
        ("twice", &format!("{signature}.{signature}")),
    ] {
        fixture
            .assert_refused(what, &format!("{message}.{signature}"))
            .await;
    }
}

#[tokio::test]
async fn security_36_keys_in_the_header_are_neither_used_nor_fetched() {
    let fixture = TokenFixture::start().await;
    let trap = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/keys", trap.local_addr().expect("an address"));
    let jwks = fixture.app.get_json("/.well-known/jwks.json").await;
    for (member, value) in [
        ("jwk", jwks["keys"][0].clone()),
        ("jku", json!(url)),
        ("x5u", json!(url)),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AAAA")),
        ("kid", json!(url)),
        ("kid", json!("../../master.key")),
        ("kid", json!("' OR 1=1 --")),
        ("kid", json!("")),
        ("kid", json!(1)),
        ("kid", Value::Null),
    ] {
        let mut header = fixture.header.clone();
        header[member] = value;
        fixture
            .assert_refused(member, &fixture.forge.sign(&header, &fixture.claims))
            .await;
    }
    let called = tokio::time::timeout(Duration::from_millis(1), trap.accept()).await;
    assert!(called.is_err(), "the server fetched a key");
}

#[tokio::test]
async fn security_37_unknown_crit_b64_and_duplicate_members_are_refused() {
    let fixture = TokenFixture::start().await;
    for (member, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
    ] {
        let mut header = fixture.header.clone();
        header[member] = value;
        fixture
            .assert_refused(member, &fixture.forge.sign(&header, &fixture.claims))
            .await;
    }
    let (header, claims) = (fixture.header.to_string(), fixture.claims.to_string());
    let again = |json: &str, member: &str| json.replacen('{', &format!("{{{member},"), 1);
    for twice in [
        fixture
            .forge
            .sign_text(&again(&header, "\"alg\":\"none\""), &claims),
        fixture
            .forge
            .sign_text(&again(&header, "\"typ\":\"at+jwt\""), &claims),
        fixture
            .forge
            .sign_text(&header, &again(&claims, "\"exp\":4000000000")),
        fixture.forge.sign_text(
            &header,
            &again(&claims, "\"sub\":\"AAAAAAAAAAAAAAAAAAAAAA\""),
        ),
        fixture
            .forge
            .sign_text(&header, &again(&claims, "\"unknown\":1,\"unknown\":2")),
    ] {
        fixture.assert_refused("twice", &twice).await;
    }
}
