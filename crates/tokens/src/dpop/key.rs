//! The public key inside a proof.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use latchkey_core::session::Thumbprint;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::digest;

/// Members that only a private or a secret key has (RFC 7518 §6).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A key as it was sent. Members that say how it may be used (`key_ops`, `ext`, `use`, …) are of
/// no matter: browsers write some of them.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Jwk(BTreeMap<String, Value>);

/// A key to verify with, and its name.
pub(super) struct PublicKey {
    pub(super) decoding: DecodingKey,
    pub(super) thumbprint: Thumbprint,
}

impl Jwk {
    /// The P-256 key (RFC 7518 §6.2.1) that this is, if it is that and nothing more.
    pub(super) fn public_key(&self) -> Result<PublicKey, &'static str> {
        if PRIVATE.iter().any(|member| self.0.contains_key(*member)) {
            return Err("its jwk is not a public key: it shows what must stay secret");
        }
        if self.text("kty") != Some("EC") || self.text("crv") != Some("P-256") {
            return Err("its jwk is not a P-256 key");
        }
        let (Some(x), Some(y)) = (self.coordinate("x"), self.coordinate("y")) else {
            return Err("a coordinate of its jwk is not 32 bytes of base64url");
        };
        // Whether they are a point of the curve shows when the signature is verified.
        let decoding = DecodingKey::from_ec_components(x, y)
            .map_err(|_| "a coordinate of its jwk is not 32 bytes of base64url")?;
        let required = json!({ "crv": "P-256", "kty": "EC", "x": x, "y": y });
        Ok(PublicKey {
            decoding,
            thumbprint: digest::thumbprint(&required),
        })
    }

    fn text(&self, member: &str) -> Option<&str> {
        self.0.get(member).and_then(Value::as_str)
    }

    /// Decoded strictly, so that one key has one thumbprint.
    fn coordinate(&self, member: &str) -> Option<&str> {
        let text = self.text(member)?;
        let mut bytes = [0; 32];
        (URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) == Ok(32)).then_some(text)
    }
}
