//! Tokens of another kind, key or signature.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64};
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::world::World;
use crate::app::{claims, hs256};

#[tokio::test]
async fn security_34_regression_a_refresh_token_is_no_access_token() {
    let world = World::start().await;
    let tokens = world.app.sign_in().await;
    world.refuses("refresh token", &tokens.refresh_token).await;

    // Nor if it called itself one, with the key of refresh tokens or of access tokens.
    let refresh_claims = claims(&tokens.refresh_token);
    world
        .refuses(
            "its claims",
            &world.forge.sign(&world.header, &refresh_claims),
        )
        .await;
    let mut header = json!({ "typ": "at+jwt", "alg": "HS256" });
    world
        .refuses(
            "its key",
            &hs256(&header, &world.claims, &world.forge.refresh),
        )
        .await;
    header["kid"] = world.forge.kid.as_str().into();
    world
        .refuses(
            "its key",
            &hs256(&header, &world.claims, &world.forge.refresh),
        )
        .await;

    // And the reverse: what an access token says, signed as refresh tokens are.
    let header = json!({ "typ": "rt+jwt", "alg": "HS256" });
    world
        .app
        .refresh_is_refused(&hs256(&header, &world.claims, &world.forge.refresh))
        .await;
    // The forged form is right: the same with the right claims is taken.
    world
        .app
        .refreshed(&hs256(&header, &refresh_claims, &world.forge.refresh))
        .await;
}

#[tokio::test]
async fn security_35_a_signature_must_be_there_and_be_of_the_right_kind() {
    let world = World::start().await;
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let mut header = world.header.clone();
        header["alg"] = alg.into();
        let signed = world.forge.sign(&header, &world.claims);
        let (message, _) = signed.rsplit_once('.').expect("three parts");
        world.refuses(alg, &signed).await;
        world.refuses(alg, &format!("{message}.")).await;
        world.refuses(alg, message).await;
    }

    // HS256, with everything that is public about the key as the secret.
    let jwks = world.app.get_json("/.well-known/jwks.json").await;
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
    let mut header = world.header.clone();
    header["alg"] = "HS256".into();
    let secrets = [
        point,
        spki,
        pem.into_bytes(),
        key.to_string().into_bytes(),
        Vec::new(),
    ];
    for secret in secrets {
        let token = hs256(&header, &world.claims, &EncodingKey::from_secret(&secret));
        world.refuses("HS256", &token).await;
    }

    let (message, signature) = world.token.rsplit_once('.').expect("three parts");
    let short = B64.encode([1; 63]);
    for (what, signature) in [
        ("empty", ""),
        ("r=s=0", &*B64.encode([0; 64])),
        ("short", &*short),
        ("twice", &format!("{signature}.{signature}")),
    ] {
        world.refuses(what, &format!("{message}.{signature}")).await;
    }
}

#[tokio::test]
async fn security_36_keys_in_the_header_are_not_used_and_nobody_is_asked_for_them() {
    let world = World::start().await;
    let trap = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/keys", trap.local_addr().expect("an address"));
    let jwks = world.app.get_json("/.well-known/jwks.json").await;
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
        let mut header = world.header.clone();
        header[member] = value;
        world
            .refuses(member, &world.forge.sign(&header, &world.claims))
            .await;
    }
    let called = tokio::time::timeout(Duration::from_millis(1), trap.accept()).await;
    assert!(called.is_err(), "somebody was asked");
}

#[tokio::test]
async fn security_37_unknown_crit_b64_and_duplicate_members_are_refused() {
    let world = World::start().await;
    for (member, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
    ] {
        let mut header = world.header.clone();
        header[member] = value;
        world
            .refuses(member, &world.forge.sign(&header, &world.claims))
            .await;
    }
    let (header, claims) = (world.header.to_string(), world.claims.to_string());
    let again = |json: &str, member: &str| json.replacen('{', &format!("{{{member},"), 1);
    for twice in [
        world
            .forge
            .sign_text(&again(&header, "\"alg\":\"none\""), &claims),
        world
            .forge
            .sign_text(&again(&header, "\"typ\":\"at+jwt\""), &claims),
        world
            .forge
            .sign_text(&header, &again(&claims, "\"exp\":4000000000")),
        world.forge.sign_text(
            &header,
            &again(&claims, "\"sub\":\"AAAAAAAAAAAAAAAAAAAAAA\""),
        ),
        world
            .forge
            .sign_text(&header, &again(&claims, "\"unknown\":1,\"unknown\":2")),
    ] {
        world.refuses("twice", &twice).await;
    }
}
