mod any_bytes;
mod claims;
mod freshness;

use core::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair as _,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use latchkey_core::Timestamp;
use latchkey_core::session::Thumbprint;
use serde_json::{Value, json};

use super::{Proof, ProofError, Proofs, Request};
use crate::jws;
use crate::{MasterKey, SystemRng};

/// The start of a window of nonces.
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const WINDOW: Duration = Duration::from_mins(5);
const URI: &str = "https://id.example/auth/token";
const TOKEN: &str = "an.access.token";

const SIGN_IN: Request<'_> = Request {
    method: "POST",
    uri: URI,
    access_token: None,
};
const API_REQUEST: Request<'_> = Request {
    method: "POST",
    uri: URI,
    access_token: Some(TOKEN),
};

struct Fixture {
    proofs: Proofs,
    pair: EcdsaKeyPair,
}

fn fixture() -> Fixture {
    Fixture {
        proofs: Proofs::new(&MasterKey::random(&SystemRng), WINDOW),
        pair: pair(&ECDSA_P256_SHA256_FIXED_SIGNING),
    }
}

fn pair(algorithm: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).expect("a key");
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref()).expect("a key")
}

fn jwk(pair: &EcdsaKeyPair) -> Value {
    let point = pair.public_key().as_ref();
    let (x, y) = point[1..].split_at((point.len() - 1) / 2);
    json!({ "kty": "EC", "crv": "P-256", "x": B64.encode(x), "y": B64.encode(y) })
}

fn sign(pair: &EcdsaKeyPair, header: &str, claims: &str) -> String {
    let message = format!("{}.{}", B64.encode(header), B64.encode(claims));
    let signature = pair.sign(&SystemRandom::new(), message.as_bytes());
    format!("{message}.{}", B64.encode(signature.expect("a signature")))
}

impl Fixture {
    fn header(&self) -> Value {
        json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk(&self.pair) })
    }

    fn claims(&self) -> Value {
        let ath = B64.encode(crate::digest::sha256(TOKEN.as_bytes()));
        json!({
            "jti": "a-jti", "htm": "POST", "htu": URI, "iat": NOW.as_secs(),
            "nonce": self.proofs.nonce(NOW), "ath": ath,
        })
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        sign(&self.pair, &header.to_string(), &claims.to_string())
    }

    fn verify(&self, proof: &str) -> Result<Proof, ProofError> {
        self.proofs.verify(proof, &SIGN_IN, NOW)
    }

    /// Verifies a proof with these claims, once without and once with an access token.
    fn both(&self, claims: &Value, now: Timestamp) -> [Result<Proof, ProofError>; 2] {
        let proof = self.sign(&self.header(), claims);
        [SIGN_IN, API_REQUEST].map(|request| self.proofs.verify(&proof, &request, now))
    }

    #[track_caller]
    fn refuses(&self, what: &str, proof: &str) {
        let result = self.verify(proof);
        let refused = matches!(result, Err(ProofError::Invalid(_)));
        assert!(refused, "{what}: {result:?} for {proof}");
    }
}

#[test]
fn valid_proof_yields_key_and_id_and_expiry() {
    let fixture = fixture();
    let proof = fixture.sign(&fixture.header(), &fixture.claims());
    let valid = fixture.verify(&proof).expect("a valid proof");
    assert_eq!(valid.usable_until, NOW.plus(2 * WINDOW));
    let with_token = fixture.proofs.verify(&proof, &API_REQUEST, NOW);
    assert_eq!(with_token, Ok(valid));

    // The same claims signed again count as the same proof; another `jti` or key does not.
    let again = fixture.verify(&fixture.sign(&fixture.header(), &fixture.claims()));
    assert_eq!(again, Ok(valid));
    let mut claims = fixture.claims();
    claims["jti"] = json!("another");
    let another = fixture.both(&claims, NOW)[0].expect("a valid proof");
    assert_eq!(another.key, valid.key);
    assert_ne!(another.id, valid.id);
    let stranger = Fixture {
        pair: pair(&ECDSA_P256_SHA256_FIXED_SIGNING),
        ..fixture
    };
    let theirs = stranger.both(&stranger.claims(), NOW)[0].expect("a valid proof");
    assert_ne!(theirs.key, valid.key);
    assert_ne!(theirs.id, valid.id);
}

#[test]
fn thumbprint_matches_the_example_of_rfc_9449() {
    // The key and the thumbprint of RFC 9449, §4.1 and §6.1.
    let jwk: super::Jwk = serde_json::from_value(json!({
        "kty": "EC", "crv": "P-256", "ext": true, "key_ops": ["verify"],
        "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    }))
    .expect("a key");
    let key = jwk.public_key().expect("a public key");
    let expected: Thumbprint =
        serde_json::from_value(json!("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"))
            .expect("a thumbprint");
    assert_eq!(key.thumbprint, expected);
}

#[test]
fn security_56_both_values_of_s_are_accepted() {
    let fixture = fixture();
    let proof = fixture.sign(&fixture.header(), &fixture.claims());
    let (message, signature) = proof.rsplit_once('.').expect("three parts");
    let mut other = B64.decode(signature).expect("base64url");
    jws::subtract_from_order(&mut other[32..]);
    let other = format!("{message}.{}", B64.encode(&other));
    assert_eq!(fixture.verify(&proof), fixture.verify(&other));
    assert!(fixture.verify(&other).is_ok());
}

#[test]
fn security_56_malformed_jws_is_refused() {
    let fixture = fixture();
    let proof = fixture.sign(&fixture.header(), &fixture.claims());
    let (message, signature) = proof.rsplit_once('.').expect("three parts");
    let zeros = B64.encode([0; 64]);
    for text in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        message,
        &format!("{message}."),
        &format!("{message}.{zeros}"),
        &format!("{message}.{}", &signature[4..]),
        &format!("{proof}="),
        &format!("{proof}.{signature}"),
        &format!("{proof}, {proof}"),
        &format!(" {proof}"),
        &format!("{message}.{}", "A".repeat(8192)),
    ] {
        fixture.refuses("form", text);
    }
}

#[test]
fn security_56_every_wrong_header_member_is_refused() {
    let fixture = fixture();
    let claims = fixture.claims();
    for name in ["typ", "alg", "jwk"] {
        let mut header = fixture.header();
        header.as_object_mut().expect("a header").remove(name);
        fixture.refuses(name, &fixture.sign(&header, &claims));
    }
    for (name, value) in [
        ("typ", json!("JWT")),
        ("typ", json!("DPOP+JWT")),
        ("typ", json!("at+jwt")),
        ("typ", json!(null)),
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("ES384")),
        ("alg", json!("es256")),
        ("jwk", json!(null)),
        ("jwk", json!([])),
        ("jwk", json!("key")),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("jku", json!("https://evil.example/keys")),
        ("x5c", json!(["MIIB"])),
    ] {
        let mut header = fixture.header();
        header[name] = value.clone();
        fixture.refuses(&format!("{name}: {value}"), &fixture.sign(&header, &claims));
    }
    let mut header = fixture.header();
    header["kid"] = json!("mine");
    assert!(fixture.verify(&fixture.sign(&header, &claims)).is_ok());
}

#[test]
fn security_56_key_must_be_a_p256_public_key() {
    let fixture = fixture();
    let claims = fixture.claims();
    let with = |name: &str, value: Value| {
        let mut header = fixture.header();
        header["jwk"][name] = value;
        fixture.sign(&header, &claims)
    };
    for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        for value in [json!(B64.encode([1; 32])), json!(null)] {
            fixture.refuses(private, &with(private, value));
        }
    }
    let valid = jwk(&fixture.pair);
    let x = valid["x"].as_str().expect("text");
    for (name, value) in [
        ("kty", json!("RSA")),
        ("kty", json!("oct")),
        ("kty", json!(null)),
        ("crv", json!("P-384")),
        ("crv", json!("secp256k1")),
        ("x", json!(format!("{x}="))),
        ("x", json!(format!("AA{x}"))),
        ("x", json!(B64.encode([1; 31]))),
        ("y", json!(B64.encode([0; 64]))),
        ("y", json!(7)),
        ("y", valid["x"].clone()),
        (
            "x",
            jwk(&pair(&ECDSA_P256_SHA256_FIXED_SIGNING))["x"].clone(),
        ),
    ] {
        fixture.refuses(&format!("{name}: {value}"), &with(name, value));
    }
    // The bytes of the point, but divided between `x` and `y` in a different way: if this were
    // accepted, one key would have two thumbprints.
    let (x, y) = fixture.pair.public_key().as_ref()[1..].split_at(31);
    let mut header = fixture.header();
    header["jwk"]["x"] = json!(B64.encode(x));
    header["jwk"]["y"] = json!(B64.encode(y));
    fixture.refuses("split elsewhere", &fixture.sign(&header, &claims));
    for name in ["kty", "crv", "x", "y"] {
        let mut header = fixture.header();
        header["jwk"].as_object_mut().expect("a key").remove(name);
        fixture.refuses(name, &fixture.sign(&header, &claims));
    }
    // Signed with a key other than the one in the header.
    let other = pair(&ECDSA_P256_SHA256_FIXED_SIGNING);
    let (header, claims) = (fixture.header().to_string(), claims.to_string());
    fixture.refuses("another key", &sign(&other, &header, &claims));
    let other = pair(&ECDSA_P384_SHA384_FIXED_SIGNING);
    fixture.refuses("another curve", &sign(&other, &header, &claims));
    let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk(&other) }).to_string();
    fixture.refuses("another curve", &sign(&other, &header, &claims));
}
