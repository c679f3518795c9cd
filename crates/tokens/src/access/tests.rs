use core::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use jsonwebtoken::{Algorithm, EncodingKey};
use latchkey_core::{SessionId, SigningAlgorithm, Timestamp, TokenId, UserId};
use proptest::num::f64;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{AccessClaims, AccessTokenError, AccessTokens, Grant};
use crate::{KeyRing, MasterKey, SigningKey, SystemRng, digest, jws};

const ISSUER: &str = "https://id.example";
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const LIFETIME: Duration = Duration::from_mins(10);

struct Fixture {
    tokens: AccessTokens,
    ring: KeyRing,
    pkcs8: Vec<u8>,
}

/// A key ring with one key. The test also holds the private key, so that it can sign tokens that
/// must be refused for their claims.
fn fixture_of(algorithm: SigningAlgorithm) -> Fixture {
    let master = MasterKey::random(&SystemRng);
    let sealed = SigningKey::generate(algorithm, &master, NOW, NOW).expect("a key");
    let pkcs8 = master
        .open(&sealed.kid, &sealed.sealed)
        .expect("the sealed key opens")
        .to_vec();
    let ring = KeyRing::open(&[sealed], &master).expect("a ring");
    Fixture {
        tokens: AccessTokens::new(ISSUER, "latchkey"),
        ring,
        pkcs8,
    }
}

fn fixture() -> Fixture {
    fixture_of(SigningAlgorithm::ES256)
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
        expires_at: NOW.plus(LIFETIME),
    }
}

impl Fixture {
    fn issue(&self) -> String {
        self.tokens.issue(&self.ring, grant()).expect("a token")
    }

    fn header(&self) -> Value {
        json!({ "typ": "at+jwt", "alg": "ES256", "kid": self.ring.signing(NOW).kid() })
    }

    fn claims(&self) -> Value {
        payload(&self.issue())
    }

    /// Signs any header and claims with the key of the ring.
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
        let result = self.verify(token);
        assert!(
            matches!(result, Err(AccessTokenError::Invalid(_))),
            "{result:?} for {token}"
        );
    }
}

fn payload(token: &str) -> Value {
    let claims = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&B64.decode(claims).expect("base64url")).expect("JSON")
}

#[test]
fn issued_tokens_verify_with_both_algorithms() {
    for algorithm in [SigningAlgorithm::ES256, SigningAlgorithm::EdDSA] {
        let fixture = fixture_of(algorithm);
        let claims = fixture.verify(&fixture.issue()).expect("a valid token");
        assert_eq!(
            (claims.sub, claims.sid, claims.jti),
            (grant().user, grant().session, grant().token)
        );
        assert_eq!(
            (claims.iat, claims.exp),
            (NOW.as_secs(), NOW.plus(LIFETIME).as_secs())
        );
        assert_eq!(claims.roles, ["admin"]);
    }
}

#[test]
fn security_40_token_expires_at_its_exp_without_leeway() {
    let fixture = fixture();
    let token = fixture.issue();
    let last = NOW.plus(LIFETIME).minus(Duration::from_millis(1));
    assert!(fixture.tokens.verify(&fixture.ring, &token, last).is_ok());
    let end = fixture
        .tokens
        .verify(&fixture.ring, &token, NOW.plus(LIFETIME));
    assert_eq!(end, Err(AccessTokenError::Expired));
}

#[test]
fn security_32_33_38_39_every_wrong_claim_or_header_is_refused() {
    let fixture = fixture();
    let (header, claims) = (fixture.header(), fixture.claims());
    fixture
        .verify(&fixture.sign(&header.to_string(), &claims.to_string()))
        .expect("the unchanged token");

    let refuse_claims = |change: &dyn Fn(&mut Value)| {
        let mut changed = claims.clone();
        change(&mut changed);
        fixture.refuses(&fixture.sign(&header.to_string(), &changed.to_string()));
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
    let exp = NOW.plus(LIFETIME).as_secs();
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
        fixture.refuses(&fixture.sign(&changed.to_string(), &claims.to_string()));
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
fn security_35_algorithms_other_than_that_of_the_key_are_refused() {
    let fixture = fixture();
    let claims = B64.encode(fixture.claims().to_string());
    let parts = fixture.issue();
    let signature = parts.rsplit('.').next().expect("three parts");
    for alg in [
        "none", "None", "NONE", "nOnE", "", "HS256", "ES384", "RS256", "EdDSA",
    ] {
        let mut header = fixture.header();
        header["alg"] = json!(alg);
        let header = B64.encode(header.to_string());
        fixture.refuses(&format!("{header}.{claims}."));
        fixture.refuses(&format!("{header}.{claims}.{signature}"));
    }
    // HS256 with every form of the public key as the secret.
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &fixture.pkcs8);
    let point = pair.expect("a key").public_key().as_ref().to_vec();
    let jwk = fixture.ring.jwks(NOW)["keys"][0].to_string();
    for secret in [&point[..], &point[1..], jwk.as_bytes()] {
        let mut header = fixture.header();
        header["alg"] = json!("HS256");
        let message = format!("{}.{claims}", B64.encode(header.to_string()));
        let key = EncodingKey::from_secret(secret);
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256);
        fixture.refuses(&format!("{message}.{}", signature.expect("a signature")));
    }
    // r = s = 0, and no signature.
    let message = parts.rsplit_once('.').expect("three parts").0;
    fixture.refuses(&format!("{message}.{}", B64.encode([0; 64])));
    fixture.refuses(&format!("{message}."));
    fixture.refuses(message);
}

#[test]
fn security_37_duplicate_members_are_refused() {
    let fixture = fixture();
    let (header, claims) = (fixture.header().to_string(), fixture.claims().to_string());
    let twice = |object: &str, extra: &str| format!("{{{extra},{}", &object[1..]);
    fixture.refuses(&fixture.sign(
        &header,
        &twice(&claims, r#""sub":"AAAAAAAAAAAAAAAAAAAAAA""#),
    ));
    fixture.refuses(&fixture.sign(&header, &twice(&twice(&claims, r#""x":1"#), r#""x":2"#)));
    fixture.refuses(&fixture.sign(&twice(&header, r#""alg":"none""#), &claims));
    fixture
        .verify(&fixture.sign(&header, &twice(&claims, r#""x":1"#)))
        .expect("an unknown claim is allowed");
}

#[test]
fn security_41_re_encoded_tokens_are_refused() {
    let fixture = fixture();
    let token = fixture.issue();
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    let mut high = B64.decode(signature).expect("base64url");
    jws::subtract_from_order(&mut high[32..]);
    fixture.refuses(&format!("{message}.{}", B64.encode(&high)));
    fixture.refuses(&format!("{token}="));
    fixture.refuses(&format!("{token}=="));
    fixture.refuses(&format!("{token} "));
    fixture.refuses(&format!("{token}."));
    // 64 bytes leave four unused bits in the last character.
    let last = token.chars().last().expect("not empty");
    for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
        if other != last {
            fixture.refuses(&format!("{}{other}", &token[..token.len() - 1]));
        }
    }
}

#[test]
fn issued_signatures_always_have_the_lower_s() {
    let fixture = fixture();
    for _ in 0..64 {
        fixture.verify(&fixture.issue()).expect("a valid token");
    }
}

#[test]
fn security_43_oversized_tokens_are_refused() {
    let fixture = fixture();
    fixture.refuses(&"a".repeat(1024 * 1024));
    fixture.refuses(&format!("{}.{}", fixture.issue(), "a".repeat(8 * 1024)));
}

#[test]
fn security_31_rotated_key_verifies_until_its_last_token_has_expired() {
    let master = MasterKey::random(&SystemRng);
    let generate = |from| SigningKey::generate(SigningAlgorithm::ES256, &master, NOW, from);
    let mut old = generate(NOW).expect("a key");
    let new = generate(NOW.plus(Duration::from_mins(5))).expect("a key");
    old.verifies_until = Some(new.signs_from.plus(LIFETIME));
    let ring = KeyRing::open(&[new.clone(), old.clone()], &master).expect("a ring");
    let tokens = AccessTokens::new(ISSUER, "latchkey");

    assert_eq!(
        ring.signing(NOW).kid(),
        old.kid,
        "the new key signs before its `signs_from`"
    );
    assert_eq!(ring.signing(new.signs_from).kid(), new.kid);
    assert_eq!(ring.jwks(NOW)["keys"].as_array().map(Vec::len), Some(2));

    let last_second = new.signs_from.minus(Duration::from_secs(1));
    let late = Grant {
        issued_at: last_second,
        expires_at: last_second.plus(LIFETIME),
        ..grant()
    };
    let token = tokens.issue(&ring, late).expect("a token");
    let end = old.verifies_until.expect("set above");
    let before = last_second.plus(LIFETIME).minus(Duration::from_millis(1));
    assert!(tokens.verify_signature(&ring, &token, before).is_ok());
    assert!(tokens.verify_signature(&ring, &token, end).is_err());
    assert_eq!(ring.jwks(end)["keys"].as_array().map(Vec::len), Some(1));
}

#[test]
fn security_30_only_public_keys_are_published_and_kid_is_their_thumbprint() {
    for algorithm in [SigningAlgorithm::ES256, SigningAlgorithm::EdDSA] {
        let fixture = fixture_of(algorithm);
        let jwks = fixture.ring.jwks(NOW);
        let key = jwks["keys"][0].as_object().expect("a key");
        for private in ["d", "p", "q", "dp", "dq", "qi", "k", "oth"] {
            assert!(!key.contains_key(private), "{private} is published");
        }
        let required = key.clone().into_iter();
        let required = required.filter(|(name, _)| !["alg", "kid", "use"].contains(&name.as_str()));
        let thumbprint = digest::thumbprint(&required.collect());
        assert_eq!(key["kid"], json!(B64.encode(thumbprint.0)));
        assert_eq!(key["kid"], json!(fixture.ring.signing(NOW).kid()));
        assert_eq!(key["use"], "sig");
    }
}

proptest! {
    /// An application may compare a number in a verified token with the one that it put there.
    #[test]
    fn numbers_in_claims_of_the_application_do_not_change(
        float in f64::NORMAL | f64::SUBNORMAL | f64::ZERO,
        integer in any::<i64>(),
    ) {
        let fixture = fixture();
        let mut grant = grant();
        grant.extra.insert("limits".into(), json!([float, { "integer": integer }]));
        let issued = grant.extra.clone();
        let token = fixture.tokens.issue(&fixture.ring, grant).expect("issued");
        prop_assert_eq!(fixture.verify(&token).expect("verified").extra, issued);
    }
}
