//! The parsers of tokens as functions of arbitrary bytes, for fuzzing (`fuzz/`) and for the tests that
//! replay the corpora. Not part of the product: compiled only for these two.
//!
//! Each function returns whether the input was accepted, and panics if a property does not hold. An
//! input without a line break is an encoded token. Any other input is a header and, after the first
//! line break, the claims: they are signed before they are parsed, because otherwise no code after
//! the check of the signature would run. Placeholders stand for values that are computed here:
//! `KID`, `JWK` and `NONCE` depend on the keys of the process, so that the corpora contain no keys,
//! and `ATH` is a hash.

#![expect(
    clippy::missing_panics_doc,
    reason = "the properties are assertions: a panic is a finding"
)]

use core::time::Duration;
use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use latchkey_core::{SigningAlgorithm, Timestamp};
use serde_json::json;

use crate::digest::sha256;
use crate::dpop::{Proofs, Request, TOLERANCE};
use crate::jws;
use crate::master_key::{MasterKey, Purpose};
use crate::{AccessTokens, KeyRing, RefreshTokens, SigningKey, SystemRng};

const ISSUER: &str = "https://id.example";
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const NONCE_WINDOW: Duration = Duration::from_mins(5);

static MASTER_KEY: LazyLock<MasterKey> = LazyLock::new(|| MasterKey::random(&SystemRng));

/// A key of each algorithm.
static KEY_RING: LazyLock<KeyRing> = LazyLock::new(|| {
    let keys = [SigningAlgorithm::ES256, SigningAlgorithm::EdDSA]
        .map(|algorithm| SigningKey::generate(algorithm, &MASTER_KEY, NOW, NOW).expect("a key"));
    KeyRing::open(&keys, &MASTER_KEY).expect("a key ring")
});

/// The key of a client, which signs proofs.
static CLIENT_KEY: LazyLock<EcdsaKeyPair> =
    LazyLock::new(|| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"));

/// Verifies an access token. An accepted token is also accepted after its claims are encoded again,
/// and has the same claims. It is refused if one byte is replaced.
pub fn access_token(input: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(input) else {
        return false;
    };
    let tokens = AccessTokens::new(ISSUER, "latchkey");
    let verify = |token: &str| tokens.verify(&KEY_RING, token, NOW);
    let Some((header, claims)) = text.split_once('\n') else {
        assert!(verify(text).is_err(), "a token was forged");
        return false;
    };
    let signs = |key: &&SigningKey| {
        (key.algorithm() == SigningAlgorithm::EdDSA) == header.contains("EdDSA")
    };
    let key = KEY_RING.keys().iter().find(signs).expect("a key");
    let header = header.replace("KID", key.kid());
    let sign = |claims: &str| sign(&header, claims, &key.encoding, key.jwt_algorithm());
    let token = sign(claims);
    let Ok(claims) = verify(&token) else {
        return false;
    };
    let encoded = serde_json::to_string(&claims).expect("JSON");
    assert_eq!(verify(&sign(&encoded)), Ok(claims));
    let altered = altered(&token, input);
    assert!(verify(&altered).is_err(), "{altered} was accepted");
    true
}

/// Verifies a refresh token. The properties are those of [`access_token`].
pub fn refresh_token(input: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(input) else {
        return false;
    };
    let tokens = RefreshTokens::new(ISSUER, &MASTER_KEY);
    let Some((header, claims)) = text.split_once('\n') else {
        assert!(tokens.verify_signature(text).is_err(), "a token was forged");
        return false;
    };
    let key = MASTER_KEY.derive(Purpose::RefreshTokens);
    let key = EncodingKey::from_secret(key.as_slice());
    let sign = |claims: &str| sign(header, claims, &key, Algorithm::HS256);
    let token = sign(claims);
    let Ok(claims) = tokens.verify_signature(&token) else {
        return false;
    };
    let encoded = serde_json::to_string(&claims).expect("JSON");
    assert_eq!(tokens.verify_signature(&sign(&encoded)), Ok(claims));
    let altered = altered(&token, input);
    let result = tokens.verify_signature(&altered);
    assert!(result.is_err(), "{altered} was accepted");
    true
}

/// Verifies a DPoP proof, once for a request with an access token and once without. If it is
/// accepted, verifying it again (without a replay cache) has the same result, and it soon expires.
/// It is refused if one byte is replaced.
pub fn dpop_proof(input: &[u8]) -> bool {
    const TOKEN: &str = "an.access.token";
    let Ok(text) = str::from_utf8(input) else {
        return false;
    };
    let proofs = Proofs::new(&MASTER_KEY, NONCE_WINDOW);
    let proof = match text.split_once('\n') {
        None => text.to_owned(),
        Some((header, claims)) => {
            let header = header.replace("\"JWK\"", &client_jwk());
            let claims = claims
                .replace("NONCE", &proofs.nonce(NOW))
                .replace("ATH", &B64.encode(sha256(TOKEN.as_bytes())));
            let message = format!("{}.{}", B64.encode(header), B64.encode(claims));
            let signature = CLIENT_KEY.sign(&SystemRandom::new(), message.as_bytes());
            format!("{message}.{}", B64.encode(signature.expect("a signature")))
        }
    };
    let accepted = [None, Some(TOKEN)].map(|access_token| {
        let request = Request {
            method: "POST",
            uri: "https://id.example/auth/token",
            access_token,
        };
        let verify = |proof: &str| proofs.verify(proof, &request, NOW);
        let Ok(valid) = verify(&proof) else {
            return false;
        };
        assert_eq!(verify(&proof), Ok(valid));
        let longest = NOW.plus(2 * NONCE_WINDOW.max(TOLERANCE));
        let until = valid.usable_until;
        assert!(NOW < until && until <= longest, "usable until {until:?}");
        let altered = altered(&proof, input);
        assert!(verify(&altered).is_err(), "{altered} was accepted");
        true
    });
    accepted.contains(&true)
}

fn client_jwk() -> String {
    let (x, y) = CLIENT_KEY.public_key().as_ref()[1..].split_at(32);
    json!({ "kty": "EC", "crv": "P-256", "x": B64.encode(x), "y": B64.encode(y) }).to_string()
}

/// A signed token with this header and these claims, which need not be valid JSON.
fn sign(header: &str, claims: &str, key: &EncodingKey, algorithm: Algorithm) -> String {
    let message = format!("{}.{}", B64.encode(header), B64.encode(claims));
    let mut signature = crypto::sign(message.as_bytes(), key, algorithm).expect("a signature");
    if algorithm == Algorithm::ES256 {
        jws::lower_s(&mut signature);
    }
    format!("{message}.{signature}")
}

/// The token with one byte replaced, at a position that depends on the input.
fn altered(token: &str, input: &[u8]) -> String {
    let mut bytes = token.as_bytes().to_vec();
    let sum: usize = input.iter().map(|byte| usize::from(*byte)).sum();
    let at = sum % bytes.len();
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;

    #[test]
    fn corpus_of_access_tokens_is_accepted_or_refused_as_its_file_names_say() {
        replay("access_token", super::access_token);
    }

    #[test]
    fn corpus_of_refresh_tokens_is_accepted_or_refused_as_its_file_names_say() {
        replay("refresh_token", super::refresh_token);
    }

    #[test]
    fn corpus_of_dpop_proofs_is_accepted_or_refused_as_its_file_names_say() {
        replay("dpop_proof", super::dpop_proof);
    }
}
