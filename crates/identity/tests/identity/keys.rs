//! The provider's keys, and JWTs assembled by hand so that they can be invalid in any way.

use std::sync::{Arc, LazyLock};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_testing::ProviderKey;
use serde_json::Value;

/// The provider's initial signing key. Generating RSA keys is slow, so all tests share it.
pub(crate) static RSA: LazyLock<Arc<ProviderKey>> =
    LazyLock::new(|| Arc::new(ProviderKey::rsa("k1", "RS256")));

/// A JWT with a MAC.
pub(crate) fn hmac_signed(secret: &[u8], header: &Value, claims: &Value) -> String {
    let input = signing_input(header, claims);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, input.as_bytes());
    format!("{input}.{}", b64(tag.as_ref()))
}

/// A JWT with an empty signature.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.", signing_input(header, claims))
}

pub(crate) fn signing_input(header: &Value, claims: &Value) -> String {
    format!(
        "{}.{}",
        b64(header.to_string().as_bytes()),
        b64(claims.to_string().as_bytes())
    )
}

pub(crate) fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
