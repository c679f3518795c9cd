//! What a token must say, signed as it may be.

use std::time::Duration;

use serde_json::{Value, json};

use super::world::World;

#[tokio::test]
async fn security_32_33_38_39_40_every_claim_and_header_is_insisted_upon() {
    let world = World::start().await;
    world
        .takes(&world.forge.sign(&world.header, &world.claims))
        .await;

    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti", "sid"] {
        let mut changed = world.claims.clone();
        changed.as_object_mut().expect("claims").remove(name);
        world
            .refuses(name, &world.forge.sign(&world.header, &changed))
            .await;
    }
    let hour = 3600;
    let now = world.claims["iat"].as_u64().expect("a number");
    for (name, value) in [
        ("exp", json!((now + 600).to_string())),
        ("exp", json!(1.8e9 + 0.5)),
        ("exp", json!(1e300)),
        ("exp", json!(u64::MAX)),
        ("exp", json!(-1)),
        ("exp", Value::Null),
        // Longer than any token of this server lives.
        ("exp", json!(now + 25 * hour)),
        ("nbf", json!(now + 60)),
        ("nbf", json!(now.to_string())),
        ("nbf", json!(0.5)),
        ("nbf", json!(-1)),
        ("iss", json!("https://id.example.com")),
        ("iss", json!(format!("{}/", world.app.url))),
        ("iss", json!([world.app.url])),
        ("aud", json!("https://id.example.com/api")),
        ("aud", json!(["https://id.example.com/api"])),
        ("aud", json!(world.app.url)),
        ("sub", json!("")),
        ("sid", json!(1)),
        ("jti", json!("short")),
    ] {
        let mut changed = world.claims.clone();
        changed[name] = value.clone();
        let what = format!("{name}: {value}");
        world
            .refuses(&what, &world.forge.sign(&world.header, &changed))
            .await;
    }
    for typ in ["JWT", "rt+jwt", "application/at+jwt", "AT+JWT", ""] {
        let mut changed = world.header.clone();
        changed["typ"] = typ.into();
        world
            .refuses(typ, &world.forge.sign(&changed, &world.claims))
            .await;
    }
    let mut untyped = world.header.clone();
    untyped.as_object_mut().expect("a header").remove("typ");
    world
        .refuses("no typ", &world.forge.sign(&untyped, &world.claims))
        .await;
}

#[tokio::test]
async fn security_40_an_access_token_lives_10_minutes_with_no_leeway() {
    let world = World::start().await;
    let life = world.claims["exp"]
        .as_u64()
        .zip(world.claims["iat"].as_u64());
    assert_eq!(life.map(|(exp, iat)| exp - iat), Some(600));
    world.app.clock.advance(Duration::from_millis(599_999));
    world.takes(&world.token).await;
    world.app.clock.advance(Duration::from_millis(1));
    assert_eq!(
        world.app.check(&world.token).await,
        Err("token_expired".into())
    );
}
