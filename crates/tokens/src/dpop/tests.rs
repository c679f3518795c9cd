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

/// The first moment of a window of nonces.
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const WINDOW: Duration = Duration::from_mins(5);
const URI: &str = "https://id.example/auth/token";
const TOKEN: &str = "an.access.token";

const SIGN_IN: Request<'_> = Request {
    method: "POST",
    uri: URI,
    access_token: None,
};
const CALL: Request<'_> = Request {
    method: "POST",
    uri: URI,
    access_token: Some(TOKEN),
};

struct World {
    proofs: Proofs,
    pair: EcdsaKeyPair,
}

fn world() -> World {
    World {
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

impl World {
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

    /// A proof with these claims, at the token endpoint and beside an access token.
    fn both(&self, claims: &Value, now: Timestamp) -> [Result<Proof, ProofError>; 2] {
        let proof = self.sign(&self.header(), claims);
        [SIGN_IN, CALL].map(|request| self.proofs.verify(&proof, &request, now))
    }

    #[track_caller]
    fn refuses(&self, what: &str, proof: &str) {
        let answer = self.verify(proof);
        let refused = matches!(answer, Err(ProofError::Invalid(_)));
        assert!(refused, "{what}: {answer:?} for {proof}");
    }
}

#[test]
fn a_good_proof_names_its_key_and_how_long_it_must_be_remembered() {
    let world = world();
    let proof = world.sign(&world.header(), &world.claims());
    let good = world.verify(&proof).expect("a good proof");
    assert_eq!(good.usable_until, NOW.plus(2 * WINDOW));
    let call = world.proofs.verify(&proof, &CALL, NOW);
    assert_eq!(call, Ok(good));

    // Another signature of the same is the same; another jti or key is another.
    let again = world.verify(&world.sign(&world.header(), &world.claims()));
    assert_eq!(again, Ok(good));
    let mut claims = world.claims();
    claims["jti"] = json!("another");
    let another = world.both(&claims, NOW)[0].expect("a good proof");
    assert_eq!(another.key, good.key);
    assert_ne!(another.id, good.id);
    let stranger = World {
        pair: pair(&ECDSA_P256_SHA256_FIXED_SIGNING),
        ..world
    };
    let theirs = stranger.both(&stranger.claims(), NOW)[0].expect("a good proof");
    assert_ne!(theirs.key, good.key);
    assert_ne!(theirs.id, good.id);
}

#[test]
fn the_thumbprint_is_that_of_rfc_7638() {
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
fn security_56_either_s_of_a_signature_is_good() {
    let world = world();
    let proof = world.sign(&world.header(), &world.claims());
    let (message, signature) = proof.rsplit_once('.').expect("three parts");
    let mut other = B64.decode(signature).expect("base64url");
    jws::subtract_from_order(&mut other[32..]);
    let other = format!("{message}.{}", B64.encode(&other));
    assert_eq!(world.verify(&proof), world.verify(&other));
    assert!(world.verify(&other).is_ok());
}

#[test]
fn security_56_what_is_not_one_jws_is_refused() {
    let world = world();
    let proof = world.sign(&world.header(), &world.claims());
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
        world.refuses("form", text);
    }
}

#[test]
fn security_56_every_member_of_the_header_is_insisted_upon() {
    let world = world();
    let claims = world.claims();
    for name in ["typ", "alg", "jwk"] {
        let mut header = world.header();
        header.as_object_mut().expect("a header").remove(name);
        world.refuses(name, &world.sign(&header, &claims));
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
        let mut header = world.header();
        header[name] = value.clone();
        world.refuses(&format!("{name}: {value}"), &world.sign(&header, &claims));
    }
    let mut header = world.header();
    header["kid"] = json!("mine");
    assert!(world.verify(&world.sign(&header, &claims)).is_ok());
}

#[test]
fn security_56_the_key_is_a_public_p256_key() {
    let world = world();
    let claims = world.claims();
    let with = |name: &str, value: Value| {
        let mut header = world.header();
        header["jwk"][name] = value;
        world.sign(&header, &claims)
    };
    for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        for value in [json!(B64.encode([1; 32])), json!(null)] {
            world.refuses(private, &with(private, value));
        }
    }
    let good = jwk(&world.pair);
    let x = good["x"].as_str().expect("text");
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
        ("y", good["x"].clone()),
        (
            "x",
            jwk(&pair(&ECDSA_P256_SHA256_FIXED_SIGNING))["x"].clone(),
        ),
    ] {
        world.refuses(&format!("{name}: {value}"), &with(name, value));
    }
    // The same point, divided elsewhere: it would be the same key by another name.
    let (x, y) = world.pair.public_key().as_ref()[1..].split_at(31);
    let mut header = world.header();
    header["jwk"]["x"] = json!(B64.encode(x));
    header["jwk"]["y"] = json!(B64.encode(y));
    world.refuses("divided elsewhere", &world.sign(&header, &claims));
    for name in ["kty", "crv", "x", "y"] {
        let mut header = world.header();
        header["jwk"].as_object_mut().expect("a key").remove(name);
        world.refuses(name, &world.sign(&header, &claims));
    }
    // Signed by another key than the one inside.
    let other = pair(&ECDSA_P256_SHA256_FIXED_SIGNING);
    let (header, claims) = (world.header().to_string(), claims.to_string());
    world.refuses("another key", &sign(&other, &header, &claims));
    let other = pair(&ECDSA_P384_SHA384_FIXED_SIGNING);
    world.refuses("another curve", &sign(&other, &header, &claims));
    let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk(&other) }).to_string();
    world.refuses("another curve", &sign(&other, &header, &claims));
}
