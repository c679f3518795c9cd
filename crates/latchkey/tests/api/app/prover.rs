//! A client's DPoP key and the proofs that it signs.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use latchkey_core::Clock as _;
use serde_json::{Value, json};

use super::TestApp;

/// A P-256 key of a client.
pub(crate) struct Prover(EcdsaKeyPair);

impl Prover {
    pub(crate) fn new() -> Self {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).expect("a key");
        Self(EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref()).expect("a key"))
    }

    pub(crate) fn jwk(&self) -> Value {
        let (x, y) = self.0.public_key().as_ref()[1..].split_at(32);
        json!({ "kty": "EC", "crv": "P-256", "x": B64.encode(x), "y": B64.encode(y) })
    }

    /// The JWK thumbprint (RFC 7638).
    pub(crate) fn thumbprint(&self) -> String {
        let jwk = self.jwk();
        let members = format!(
            r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#,
            jwk["x"], jwk["y"]
        );
        hash(&members)
    }

    pub(crate) fn header(&self) -> Value {
        json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk() })
    }

    /// The claims of a proof for a request, with a new `jti` each time.
    pub(crate) fn claims(app: &TestApp, method: &str, path: &str) -> Value {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        json!({
            "jti": format!("proof-{}", NEXT.fetch_add(1, Ordering::Relaxed)),
            "htm": method,
            "htu": format!("{}{path}", app.url),
            "iat": app.clock.now().as_secs(),
        })
    }

    /// Signs any header and claims.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    pub(crate) fn sign_text(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", B64.encode(header), B64.encode(claims));
        let signature = self.0.sign(&SystemRandom::new(), message.as_bytes());
        format!("{message}.{}", B64.encode(signature.expect("a signature")))
    }
}

/// SHA-256 as base64url: the format of JWK thumbprints and of `ath`.
pub(crate) fn hash(text: &str) -> String {
    B64.encode(digest(&SHA256, text.as_bytes()))
}
