//! The public key in the header of a proof.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use latchkey_core::session::Thumbprint;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::digest;

/// Members that only private or symmetric keys have (RFC 7518 §6).
const SECRET_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A key as received. Members about its use (`key_ops`, `ext`, `use`, …) are ignored: browsers
/// write some of them.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Jwk(BTreeMap<String, Value>);

/// A key to verify with, and its thumbprint.
pub(super) struct PublicKey {
    pub(super) decoding: DecodingKey,
    pub(super) thumbprint: Thumbprint,
}

impl Jwk {
    /// The key, if it is a P-256 public key (RFC 7518 §6.2.1).
    pub(super) fn public_key(&self) -> Result<PublicKey, &'static str> {
        if SECRET_MEMBERS
            .iter()
            .any(|member| self.0.contains_key(*member))
        {
            return Err("`jwk` contains private or symmetric key material");
        }
        if self.text("kty") != Some("EC") || self.text("crv") != Some("P-256") {
            return Err("`jwk` is not a P-256 key");
        }
        let (Some(x), Some(y)) = (self.coordinate("x"), self.coordinate("y")) else {
            return Err("a coordinate of `jwk` is not 32 bytes of base64url");
        };
        // Verifying the signature checks that the point is on the curve.
        let decoding = DecodingKey::from_ec_components(x, y)
            .map_err(|_| "a coordinate of `jwk` is not 32 bytes of base64url")?;
        let required = json!({ "crv": "P-256", "kty": "EC", "x": x, "y": y });
        Ok(PublicKey {
            decoding,
            thumbprint: digest::thumbprint(&required),
        })
    }

    fn text(&self, member: &str) -> Option<&str> {
        self.0.get(member).and_then(Value::as_str)
    }

    /// Returns the coordinate, still encoded, if it is 32 bytes of canonical base64url. Other
    /// encodings are refused, so that each key has exactly one thumbprint.
    fn coordinate(&self, member: &str) -> Option<&str> {
        let text = self.text(member)?;
        let mut bytes = [0; 32];
        (URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) == Ok(32)).then_some(text)
    }
}
