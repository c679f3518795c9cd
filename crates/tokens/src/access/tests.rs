use core::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use jsonwebtoken::{Algorithm, EncodingKey};
use latchkey_core::{SessionId, SigningAlgorithm, Timestamp, TokenId, UserId};
use serde_json::{Value, json};

use super::{AccessClaims, AccessTokenError, AccessTokens, Grant};
use crate::jws;
use crate::{KeyRing, MasterKey, SigningKey, SystemRng};

const ISSUER: &str = "https://id.example";
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const LIFE: Duration = Duration::from_mins(10);

struct World {
    tokens: AccessTokens,
    ring: KeyRing,
    pkcs8: Vec<u8>,
}

/// A ring of one key, whose private half the test holds as well: so that a token can be refused
/// for its claims although its signature is good.
fn world_of(algorithm: SigningAlgorithm) -> World {
    let master = MasterKey::random(&SystemRng);
    let sealed = SigningKey::generate(algorithm, &master, NOW, NOW).expect("a key");
    let pkcs8 = master
        .open(&sealed.kid, &sealed.sealed)
        .expect("the key is ours");
    let ring = KeyRing::open(&[sealed], &master).expect("a ring");
    World {
        tokens: AccessTokens::new(ISSUER, "latchkey"),
        ring,
        pkcs8,
    }
}

fn world() -> World {
    world_of(SigningAlgorithm::ES256)
}

fn grant() -> Grant {
    Grant {
        user: UserId::from_bytes([1; 16]),
        session: SessionId::from_bytes([2; 16]),
        cutoffs: latchkey_core::Cutoffs::default(),
        token: TokenId::from_bytes([3; 16]),
        auth_time: Some(NOW),
        email: Some("ada@example.com".into()),
        email_verified: true,
        name: None,
        roles: vec!["admin".into()],
        extra: serde_json::Map::new(),
        binding: None,
        issued_at: NOW,
        expires_at: NOW.plus(LIFE),
    }
}

impl World {
    fn issue(&self) -> String {
        self.tokens.issue(&self.ring, grant()).expect("a token")
    }

    fn header(&self) -> Value {
        json!({ "typ": "at+jwt", "alg": "ES256", "kid": self.ring.signing(NOW).kid() })
    }

    fn claims(&self) -> Value {
        payload(&self.issue())
    }

    /// Signs whatever it is given with the good key.
    fn sign(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", B64.encode(header), B64.encode(claims));
        let key = EncodingKey::from_ec_der(&self.pkcs8);
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::ES256);
        let mut signature = signature.expect("a signature");
        jws::lower_s(&mut signature);
        format!("{message}.{signature}")
    }

    fn verify(&self, token: &str) -> Result<AccessClaims, AccessTokenError> {
        self.tokens.verify(&self.ring, token, NOW)
    }

    #[track_caller]
    fn refuses(&self, token: &str) {
        let answer = self.verify(token);
        assert!(
            matches!(answer, Err(AccessTokenError::Invalid(_))),
            "{answer:?} for {token}"
        );
    }
}

fn payload(token: &str) -> Value {
    let claims = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&B64.decode(claims).expect("base64url")).expect("JSON")
}

#[test]
fn an_issued_token_is_verified_by_both_algorithms() {
    for algorithm in [SigningAlgorithm::ES256, SigningAlgorithm::EdDSA] {
        let world = world_of(algorithm);
        let claims = world.verify(&world.issue()).expect("a good token");
        assert_eq!(
            (claims.sub, claims.sid, claims.jti),
            (grant().user, grant().session, grant().token)
        );
        assert_eq!(
            (claims.iat, claims.exp),
            (NOW.as_secs(), NOW.plus(LIFE).as_secs())
        );
        assert_eq!(claims.roles, ["admin"]);
    }
}

#[test]
fn security_40_a_token_ends_at_its_exp_with_no_leeway() {
    let world = world();
    let token = world.issue();
    let last = NOW.plus(LIFE).minus(Duration::from_millis(1));
    assert!(world.tokens.verify(&world.ring, &token, last).is_ok());
    let end = world.tokens.verify(&world.ring, &token, NOW.plus(LIFE));
    assert_eq!(end, Err(AccessTokenError::Expired));
}

#[test]
fn security_32_33_38_39_every_claim_and_header_is_insisted_upon() {
    let world = world();
    let (header, claims) = (world.header(), world.claims());
    world
        .verify(&world.sign(&header.to_string(), &claims.to_string()))
        .expect("the unchanged one");

    let refuse_claims = |change: &dyn Fn(&mut Value)| {
        let mut changed = claims.clone();
        change(&mut changed);
        world.refuses(&world.sign(&header.to_string(), &changed.to_string()));
    };
    for name in [
        "iss",
        "exp",
        "aud",
        "sub",
        "client_id",
        "iat",
        "jti",
        "sid",
        "roles",
    ] {
        refuse_claims(&|claims| {
            claims.as_object_mut().expect("an object").remove(name);
        });
    }
    let exp = NOW.plus(LIFE).as_secs();
    let times = [
        json!(exp.to_string()),
        json!(1.8e9),
        json!(f64::MAX),
        json!(-1),
        json!(null),
        json!([exp]),
        json!(u64::MAX),
        json!(true),
    ];
    for time in times {
        refuse_claims(&|claims| claims["exp"] = time.clone());
        if !time.is_null() {
            refuse_claims(&|claims| claims["nbf"] = time.clone());
        }
    }
    refuse_claims(&|claims| claims["nbf"] = json!(NOW.as_secs() + 1));
    refuse_claims(&|claims| claims["iss"] = json!("https://other.example"));
    refuse_claims(&|claims| claims["aud"] = json!("https://other.example/api"));
    refuse_claims(&|claims| claims["aud"] = json!([claims["aud"], "other"]));
    refuse_claims(&|claims| claims["exp"] = json!(NOW.as_secs() + 25 * 3600));

    let refuse_header = |name: &str, value: Value| {
        let mut changed = header.clone();
        changed[name] = value;
        world.refuses(&world.sign(&changed.to_string(), &claims.to_string()));
    };
    for typ in ["JWT", "rt+jwt", "AT+JWT", "dpop+jwt", ""] {
        refuse_header("typ", json!(typ));
    }
    for name in ["crit", "b64", "jwk", "jku", "x5u", "x5c", "cty", "zip"] {
        refuse_header(name, json!("https://evil.example/key"));
    }
    refuse_header("crit", json!([]));
    refuse_header("b64", json!(false));
    for kid in ["", "other", "../../etc/passwd", "' OR 1=1 --"] {
        refuse_header("kid", json!(kid));
    }
}

#[test]
fn security_35_no_algorithm_but_that_of_the_key() {
    let world = world();
    let claims = B64.encode(world.claims().to_string());
    let parts = world.issue();
    let signature = parts.rsplit('.').next().expect("three parts");
    for alg in [
        "none", "None", "NONE", "nOnE", "", "HS256", "ES384", "RS256", "EdDSA",
    ] {
        let mut header = world.header();
        header["alg"] = json!(alg);
        let header = B64.encode(header.to_string());
        world.refuses(&format!("{header}.{claims}."));
        world.refuses(&format!("{header}.{claims}.{signature}"));
    }
    // HS256 with every form of the public key for a secret.
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &world.pkcs8);
    let point = pair.expect("a key").public_key().as_ref().to_vec();
    let jwk = world.ring.jwks(NOW)["keys"][0].to_string();
    for secret in [&point[..], &point[1..], jwk.as_bytes()] {
        let mut header = world.header();
        header["alg"] = json!("HS256");
        let message = format!("{}.{claims}", B64.encode(header.to_string()));
        let key = EncodingKey::from_secret(secret);
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256);
        world.refuses(&format!("{message}.{}", signature.expect("a signature")));
    }
    // r = s = 0, and no signature at all.
    let message = parts.rsplit_once('.').expect("three parts").0;
    world.refuses(&format!("{message}.{}", B64.encode([0; 64])));
    world.refuses(&format!("{message}."));
    world.refuses(message);
}

#[test]
fn security_37_no_member_comes_twice() {
    let world = world();
    let (header, claims) = (world.header().to_string(), world.claims().to_string());
    let twice = |object: &str, extra: &str| format!("{{{extra},{}", &object[1..]);
    world.refuses(&world.sign(
        &header,
        &twice(&claims, r#""sub":"AAAAAAAAAAAAAAAAAAAAAA""#),
    ));
    world.refuses(&world.sign(&header, &twice(&twice(&claims, r#""x":1"#), r#""x":2"#)));
    world.refuses(&world.sign(&twice(&header, r#""alg":"none""#), &claims));
    world
        .verify(&world.sign(&header, &twice(&claims, r#""x":1"#)))
        .expect("an unknown claim is no harm");
}

#[test]
fn security_41_one_token_has_one_text() {
    let world = world();
    let token = world.issue();
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    let mut high = B64.decode(signature).expect("base64url");
    jws::subtract_from_order(&mut high[32..]);
    world.refuses(&format!("{message}.{}", B64.encode(&high)));
    world.refuses(&format!("{token}="));
    world.refuses(&format!("{token}=="));
    world.refuses(&format!("{token} "));
    world.refuses(&format!("{token}."));
    // 64 bytes leave four unused bits in the last character.
    let last = token.chars().last().expect("not empty");
    for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
        if other != last {
            world.refuses(&format!("{}{other}", &token[..token.len() - 1]));
        }
    }
}

#[test]
fn issued_signatures_always_have_the_lower_s() {
    let world = world();
    for _ in 0..64 {
        world.verify(&world.issue()).expect("a good token");
    }
}

#[test]
fn security_43_a_huge_token_is_refused_before_any_work() {
    let world = world();
    world.refuses(&"a".repeat(1024 * 1024));
    world.refuses(&format!("{}.{}", world.issue(), "a".repeat(8 * 1024)));
}

#[test]
fn security_31_a_rotated_key_verifies_until_its_last_token_has_expired() {
    let master = MasterKey::random(&SystemRng);
    let generate = |from| SigningKey::generate(SigningAlgorithm::ES256, &master, NOW, from);
    let mut old = generate(NOW).expect("a key");
    let new = generate(NOW.plus(Duration::from_mins(5))).expect("a key");
    old.verifies_until = Some(new.signs_from.plus(LIFE));
    let ring = KeyRing::open(&[new.clone(), old.clone()], &master).expect("a ring");
    let tokens = AccessTokens::new(ISSUER, "latchkey");

    assert_eq!(
        ring.signing(NOW).kid(),
        old.kid,
        "the new key signed before it was published"
    );
    assert_eq!(ring.signing(new.signs_from).kid(), new.kid);
    assert_eq!(ring.jwks(NOW)["keys"].as_array().map(Vec::len), Some(2));

    let last_second = new.signs_from.minus(Duration::from_secs(1));
    let late = Grant {
        issued_at: last_second,
        expires_at: last_second.plus(LIFE),
        ..grant()
    };
    let token = tokens.issue(&ring, late).expect("a token");
    let end = old.verifies_until.expect("set above");
    let before = last_second.plus(LIFE).minus(Duration::from_millis(1));
    assert!(tokens.verify_signature(&ring, &token, before).is_ok());
    assert!(tokens.verify_signature(&ring, &token, end).is_err());
    assert_eq!(ring.jwks(end)["keys"].as_array().map(Vec::len), Some(1));
}

#[test]
fn security_30_the_published_keys_are_public_and_named_by_their_thumbprint() {
    for algorithm in [SigningAlgorithm::ES256, SigningAlgorithm::EdDSA] {
        let world = world_of(algorithm);
        let jwks = world.ring.jwks(NOW);
        let key = jwks["keys"][0].as_object().expect("a key");
        for private in ["d", "p", "q", "dp", "dq", "qi", "k", "oth"] {
            assert!(!key.contains_key(private), "{private} is published");
        }
        assert_eq!(key["kid"], json!(world.ring.signing(NOW).kid()));
        assert_eq!(key["use"], "sig");
    }
}
