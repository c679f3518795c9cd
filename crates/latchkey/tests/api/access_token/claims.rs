//! Required header members and claims of an access token; all tokens here have a valid signature.

use std::time::Duration;

use serde_json::{Value, json};

use super::fixture::TokenFixture;

#[tokio::test]
async fn security_32_33_38_39_40_every_claim_and_header_member_is_checked() {
    let fixture = TokenFixture::start().await;
    fixture
        .assert_accepted(&fixture.forge.sign(&fixture.header, &fixture.claims))
        .await;

    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti", "sid"] {
        let mut changed = fixture.claims.clone();
        changed.as_object_mut().expect("claims").remove(name);
        fixture
            .assert_refused(name, &fixture.forge.sign(&fixture.header, &changed))
            .await;
    }
    let hour = 3600;
    let now = fixture.claims["iat"].as_u64().expect("a number");
    for (name, value) in [
        ("exp", json!((now + 600).to_string())),
        ("exp", json!(1.8e9 + 0.5)),
        ("exp", json!(1e300)),
        ("exp", json!(u64::MAX)),
        ("exp", json!(-1)),
        ("exp", Value::Null),
        // A longer lifetime than any token of this server has.
        ("exp", json!(now + 25 * hour)),
        ("nbf", json!(now + 60)),
        ("nbf", json!(now.to_string())),
        ("nbf", json!(0.5)),
        ("nbf", json!(-1)),
        ("iss", json!("https://id.example.com")),
        ("iss", json!(format!("{}/", fixture.app.url))),
        ("iss", json!([fixture.app.url])),
        ("aud", json!("https://id.example.com/api")),
        ("aud", json!(["https://id.example.com/api"])),
        ("aud", json!(fixture.app.url)),
        ("sub", json!("")),
        ("sid", json!(1)),
        ("jti", json!("short")),
    ] {
        let mut changed = fixture.claims.clone();
        changed[name] = value.clone();
        let what = format!("{name}: {value}");
        fixture
            .assert_refused(&what, &fixture.forge.sign(&fixture.header, &changed))
            .await;
    }
    for typ in ["JWT", "rt+jwt", "application/at+jwt", "AT+JWT", ""] {
        let mut changed = fixture.header.clone();
        changed["typ"] = typ.into();
        fixture
            .assert_refused(typ, &fixture.forge.sign(&changed, &fixture.claims))
            .await;
    }
    let mut untyped = fixture.header.clone();
    untyped.as_object_mut().expect("a header").remove("typ");
    fixture
        .assert_refused("no typ", &fixture.forge.sign(&untyped, &fixture.claims))
        .await;
}

#[tokio::test]
async fn security_40_an_access_token_expires_after_10_minutes_without_leeway() {
    let fixture = TokenFixture::start().await;
    let times = fixture.claims["exp"]
        .as_u64()
        .zip(fixture.claims["iat"].as_u64());
    assert_eq!(times.map(|(exp, iat)| exp - iat), Some(600));
    fixture.app.clock.advance(Duration::from_millis(599_999));
    fixture.assert_accepted(&fixture.token).await;
    fixture.app.clock.advance(Duration::from_millis(1));
    assert_eq!(
        fixture.app.check(&fixture.token).await,
        Err("token_expired".into())
    );
}
