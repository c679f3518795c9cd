//! `/api/…`: unprotected, protected, who am I; and which tokens are taken for access tokens.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64};
use jsonwebtoken::EncodingKey;
use latchkey_types::Me;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::app::{Forge, TestApp, claims, code, header, hs256, recoded, refusal};

#[tokio::test]
async fn a_signed_in_person_calls_the_api() {
    let app = TestApp::start().await;
    let tokens = app.sign_in().await;
    let me: Me = app
        .get_as("/api/me", &tokens.access_token)
        .await
        .json()
        .await
        .expect("me");
    assert_eq!(me.email.as_deref(), Some("ada@example.com"));
    assert_eq!(me.name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(me.expires_at - me.issued_at, 600);
    assert_eq!(app.check(&tokens.access_token).await, Ok(()));
    let open = app.get("/api/").send().await.expect("an answer");
    assert_eq!(open.status(), 200);
}

#[tokio::test]
async fn an_expired_access_token_is_told_apart_from_a_bad_one() {
    let app = TestApp::start().await;
    let tokens = app.sign_in().await;
    app.clock.advance(Duration::from_mins(10));
    let expired = app.get_as("/api/me", &tokens.access_token).await;
    assert_eq!(refusal(expired).await, (401, "token_expired".into()));
    let bad = app.get_as("/api/me", "not.a.token").await;
    assert_eq!(refusal(bad).await, (401, "token_invalid".into()));
}

#[tokio::test]
async fn admins_are_those_of_the_configuration() {
    let app = TestApp::with("demo = true\nadmins = [\"grace@example.com\"]").await;
    for (email, roles) in [
        ("grace@example.com", json!(["admin"])),
        ("ada@example.com", json!([])),
    ] {
        let tokens = app.sign_in_as(email).await;
        let me = app.get_as("/api/me", &tokens.access_token).await;
        let me: Value = me.json().await.expect("JSON");
        assert_eq!(me["roles"], roles, "{email}");
    }
}

#[tokio::test]
async fn security_27_a_token_in_query_body_or_cookie_is_no_token() {
    let app = TestApp::start().await;
    let token = app.sign_in().await.access_token;

    let query = format!("/api/protected?access_token={token}");
    let answer = app.get(&query).send().await.expect("an answer");
    assert_eq!(code(answer).await, (401, "token_missing".into()));

    for name in ["access_token", "latchkey-flow", "token"] {
        let request = app.get("/api/protected");
        let answer = request.header("cookie", format!("{name}={token}")).send();
        let answer = answer.await.expect("an answer");
        assert_eq!(code(answer).await, (401, "token_missing".into()));
    }

    let request = app.post("/auth/logout").form(&[("access_token", &token)]);
    let answer = request.send().await.expect("an answer");
    assert_eq!(code(answer).await, (401, "token_missing".into()));
    assert_eq!(app.check(&token).await, Ok(()));
}

#[tokio::test]
async fn security_28_two_ways_of_sending_a_token_are_one_too_many() {
    let app = TestApp::start().await;
    let token = app.sign_in().await.access_token;
    let bearer = format!("Bearer {token}");
    let query = format!("/api/protected?access_token={token}");
    let requests = [
        app.get(&query).header("authorization", &bearer),
        app.get("/api/protected")
            .header("authorization", &bearer)
            .header("authorization", &bearer),
        app.get("/api/protected")
            .header("authorization", "Basic bGF0Y2hrZXk6")
            .header("authorization", &bearer),
        app.get("/api/protected").header("authorization", "Bearer"),
        app.get("/api/protected")
            .header("authorization", format!("{bearer} {token}")),
        app.get("/api/protected")
            .header("authorization", format!("{bearer}, {bearer}")),
    ];
    for request in requests {
        let answer = request.send().await.expect("an answer");
        assert_eq!(code(answer).await, (400, "invalid_request".into()));
    }
    // The scheme's case does not matter (RFC 9110 §11.1).
    let request = app.get("/api/protected");
    let answer = request.header("authorization", format!("bearer {token}"));
    assert_eq!(answer.send().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn security_28_every_refusal_carries_its_challenge() {
    let app = TestApp::start().await;
    let tokens = app.sign_in().await;
    let challenge = |description: &str| {
        format!(
            "Bearer realm=\"latchkey\", error=\"invalid_token\", \
             error_description=\"The access token {description}\""
        )
    };

    // Nothing is said about an error where there was no token.
    for request in [
        app.get("/api/protected"),
        app.get("/api/protected").basic_auth("ada", Some("secret")),
    ] {
        let answer = request.send().await.expect("an answer");
        assert_eq!(
            header(&answer, "www-authenticate"),
            "Bearer realm=\"latchkey\""
        );
        assert_eq!(header(&answer, "content-type"), "application/problem+json");
        assert_eq!(code(answer).await, (401, "token_missing".into()));
    }
    let bad = app.get_as("/api/protected", "bad").await;
    assert_eq!(header(&bad, "www-authenticate"), challenge("is invalid"));
    app.revoke(&tokens.access_token).await;
    let revoked = app.get_as("/api/protected", &tokens.access_token).await;
    assert_eq!(
        header(&revoked, "www-authenticate"),
        challenge("was revoked")
    );
    app.clock.advance(Duration::from_mins(10));
    let expired = app.get_as("/api/protected", &tokens.access_token).await;
    assert_eq!(header(&expired, "www-authenticate"), challenge("expired"));

    let problem: Value = expired.json().await.expect("JSON");
    assert!(problem["request_id"].as_str().is_some_and(|id| !id.is_empty()));
    assert_eq!(problem["status"], 401);
}

#[tokio::test]
async fn security_32_33_38_39_40_every_claim_and_header_is_insisted_upon() {
    let world = World::start().await;
    world.takes(&world.forge.sign(&world.header, &world.claims)).await;

    for name in [
        "iss", "exp", "aud", "sub", "client_id", "iat", "jti", "sid", "auth_time",
    ] {
        let mut changed = world.claims.clone();
        changed.as_object_mut().expect("claims").remove(name);
        world.refuses(name, &world.forge.sign(&world.header, &changed)).await;
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
        world.refuses(&what, &world.forge.sign(&world.header, &changed)).await;
    }
    for typ in ["JWT", "rt+jwt", "application/at+jwt", "AT+JWT", ""] {
        let mut changed = world.header.clone();
        changed["typ"] = typ.into();
        world.refuses(typ, &world.forge.sign(&changed, &world.claims)).await;
    }
    let mut untyped = world.header.clone();
    untyped.as_object_mut().expect("a header").remove("typ");
    world.refuses("no typ", &world.forge.sign(&untyped, &world.claims)).await;
}

#[tokio::test]
async fn security_34_regression_a_refresh_token_is_no_access_token() {
    let world = World::start().await;
    let tokens = world.app.sign_in().await;
    world.refuses("refresh token", &tokens.refresh_token).await;

    // Nor if it called itself one, with the key of refresh tokens or of access tokens.
    let refresh_claims = claims(&tokens.refresh_token);
    world
        .refuses("its claims", &world.forge.sign(&world.header, &refresh_claims))
        .await;
    let mut header = json!({ "typ": "at+jwt", "alg": "HS256" });
    world
        .refuses("its key", &hs256(&header, &world.claims, &world.forge.refresh))
        .await;
    header["kid"] = world.forge.kid.as_str().into();
    world
        .refuses("its key", &hs256(&header, &world.claims, &world.forge.refresh))
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
    let secrets = [point, spki, pem.into_bytes(), key.to_string().into_bytes(), Vec::new()];
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
        world.refuses(member, &world.forge.sign(&header, &world.claims)).await;
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
        world.refuses(member, &world.forge.sign(&header, &world.claims)).await;
    }
    let (header, claims) = (world.header.to_string(), world.claims.to_string());
    let again = |json: &str, member: &str| json.replacen('{', &format!("{{{member},"), 1);
    for twice in [
        world.forge.sign_text(&again(&header, "\"alg\":\"none\""), &claims),
        world.forge.sign_text(&again(&header, "\"typ\":\"at+jwt\""), &claims),
        world.forge.sign_text(&header, &again(&claims, "\"exp\":4000000000")),
        world.forge.sign_text(&header, &again(&claims, "\"sub\":\"AAAAAAAAAAAAAAAAAAAAAA\"")),
        world.forge.sign_text(&header, &again(&claims, "\"unknown\":1,\"unknown\":2")),
    ] {
        world.refuses("twice", &twice).await;
    }
}

#[tokio::test]
async fn security_40_an_access_token_lives_10_minutes_with_no_leeway() {
    let world = World::start().await;
    let life = world.claims["exp"].as_u64().zip(world.claims["iat"].as_u64());
    assert_eq!(life.map(|(exp, iat)| exp - iat), Some(600));
    world.app.clock.advance(Duration::from_millis(599_999));
    world.takes(&world.token).await;
    world.app.clock.advance(Duration::from_millis(1));
    assert_eq!(
        world.app.check(&world.token).await,
        Err("token_expired".into())
    );
}

#[tokio::test]
async fn security_41_a_revoked_token_stays_refused_however_it_is_written() {
    let world = World::start().await;
    let rewritten = rewritten(&world.token);
    world.app.revoke(&world.token).await;
    assert_eq!(
        world.app.check(&world.token).await,
        Err("token_revoked".into())
    );
    for (what, token) in &rewritten {
        let answer = world.app.get_as("/api/me", token).await;
        assert_eq!(answer.status(), 401, "{what}");
    }
}

#[tokio::test]
async fn security_41_there_is_one_text_for_a_token() {
    let world = World::start().await;
    for (what, token) in rewritten(&world.token) {
        world.refuses(what, &token).await;
    }
    world.takes(&world.token).await;
}

/// The same token to a lenient reader.
fn rewritten(token: &str) -> Vec<(&'static str, String)> {
    let parts: Vec<_> = token.split('.').collect();
    let (head, body, signature) = (parts[0], parts[1], parts[2]);
    // 64 bytes make 86 characters, of which the last has four bits that say nothing.
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (start, last) = signature.split_at(signature.len() - 1);
    let value = ALPHABET.find(last).expect("base64url");
    let unused = &ALPHABET[value + 1..value + 2];
    vec![
        ("(r, n − s)", recoded(token)),
        ("unused bits", format!("{head}.{body}.{start}{unused}")),
        ("padding", format!("{token}==")),
        ("padded header", format!("{head}=.{body}.{signature}")),
        ("a line end", format!("{head}.{body}.{signature}%0A")),
    ]
}

#[tokio::test]
async fn security_43_an_oversized_token_is_refused_fast() {
    let app = TestApp::start().await;
    // Over the limit of a token, within that of a header.
    let long = format!("{}.e30.AAAA", "a".repeat(9 * 1024));
    let answer = app.get_as("/api/me", &long).await;
    assert_eq!(code(answer).await, (401, "token_invalid".into()));

    let megabyte = "a".repeat(1024 * 1024);
    let begun = tokio::time::Instant::now();
    // The server may hang up while the client is still sending.
    if let Ok(answer) = app.get("/api/me").bearer_auth(&megabyte).send().await {
        assert_eq!(answer.status(), 431);
    }
    let form = [("grant_type", "refresh_token"), ("refresh_token", &*megabyte)];
    if let Ok(answer) = app.post("/auth/token").form(&form).send().await {
        assert_eq!(answer.status(), 413);
    }
    assert!(begun.elapsed() < Duration::from_secs(2));
}

/// A server, its keys, and a good token to change.
struct World {
    app: TestApp,
    forge: Forge,
    token: String,
    header: Value,
    claims: Value,
}

impl World {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let forge = Forge::of(&app).await;
        let token = app.sign_in().await.access_token;
        Self {
            header: forge.header(),
            claims: claims(&token),
            app,
            forge,
            token,
        }
    }

    async fn takes(&self, token: &str) {
        assert_eq!(self.app.check(token).await, Ok(()));
    }

    async fn refuses(&self, what: &str, token: &str) {
        assert_eq!(
            self.app.check(token).await,
            Err("token_invalid".into()),
            "{what}: {token}"
        );
    }
}
