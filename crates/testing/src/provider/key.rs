//! Keys that sign valid and forged ID tokens.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A signing key of a provider.
///
/// ```
/// use latchkey_testing::ProviderKey;
/// use serde_json::json;
///
/// let key = ProviderKey::ec("key-1");
/// assert_eq!(key.jwk()["kid"], "key-1");
/// let id_token = key.sign(&json!({ "sub": "ada" }));
/// assert_eq!(id_token.split('.').count(), 3);
/// ```
#[derive(Debug)]
pub struct ProviderKey {
    /// The key id in the key set (RFC 7517 §4.5).
    pub kid: String,
    /// The algorithm: `RS256`, `PS256`, `ES256` or `EdDSA`.
    pub alg: &'static str,
    pair: Pair,
}

#[derive(Debug)]
enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl ProviderKey {
    /// Generates a 2048-bit RSA key for `RS256` or `PS256`. This is slow.
    pub fn rsa(kid: &str, alg: &'static str) -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("an RSA key");
        Self::of(kid, alg, Pair::Rsa(pair))
    }

    /// Generates a P-256 key.
    pub fn ec(kid: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("an EC key");
        Self::of(kid, "ES256", Pair::Ec(pair))
    }

    /// Generates an Ed25519 key.
    pub fn ed(kid: &str) -> Self {
        let pair = Ed25519KeyPair::generate().expect("an Ed25519 key");
        Self::of(kid, "EdDSA", Pair::Ed(pair))
    }

    fn of(kid: &str, alg: &'static str, pair: Pair) -> Self {
        Self {
            kid: kid.to_owned(),
            alg,
            pair,
        }
    }

    /// The public key as a JWK, for a key set.
    pub fn jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                let n = encode(public.modulus().big_endian_without_leading_zero());
                let e = encode(public.exponent().big_endian_without_leading_zero());
                json!({ "kty": "RSA", "n": n, "e": e })
            }
            Pair::Ec(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) })
            }
            Pair::Ed(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref()) })
            }
        };
        jwk["kid"] = self.kid.as_str().into();
        jwk["use"] = "sig".into();
        jwk
    }

    /// The bytes of the public key, for attacks that use it as an HMAC secret.
    pub fn public_bytes(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ec(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ed(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// Signs a valid JWT.
    pub fn sign(&self, claims: &Value) -> String {
        let header = json!({ "alg": self.alg, "kid": self.kid, "typ": "JWT" });
        self.sign_with(&header, claims)
    }

    /// Signs a JWT with this header. Uses this key regardless of the header.
    pub fn sign_with(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| encode(value.to_string().as_bytes());
        self.sign_text(&format!("{}.{}", part(header), part(claims)))
    }

    /// Signs a JWT whose header and claims are already encoded.
    pub fn sign_text(&self, input: &str) -> String {
        let rng = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let padding: &'static dyn RsaEncoding = if self.alg == "PS256" {
                    &RSA_PSS_SHA256
                } else {
                    &RSA_PKCS1_SHA256
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &rng, input.as_bytes(), &mut signature)
                    .expect("a signature");
                signature
            }
            Pair::Ec(pair) => {
                let signature = pair.sign(&rng, input.as_bytes());
                signature.expect("a signature").as_ref().to_vec()
            }
            Pair::Ed(pair) => pair.sign(input.as_bytes()).as_ref().to_vec(),
        };
        format!("{input}.{}", encode(&signature))
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
