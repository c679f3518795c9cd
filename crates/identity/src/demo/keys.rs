//! The demo provider's signing key: made at start, never written down.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::Value;

/// An ES256 key.
pub(super) struct DemoKey {
    private: EncodingKey,
    public: Jwk,
}

impl DemoKey {
    /// A new key.
    pub(super) fn generate() -> Self {
        let pkcs8 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .and_then(|pair| pair.to_pkcs8v1())
            .expect("the system has random numbers");
        let private = EncodingKey::from_ec_der(pkcs8.as_ref());
        let mut public = Jwk::from_encoding_key(&private, Algorithm::ES256)
            .expect("a key that was just made has a public half");
        let kid = public
            .thumbprint(ThumbprintHash::SHA256)
            .expect("P-256 keys have thumbprints");
        public.common.key_id = Some(kid);
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Self { private, public }
    }

    /// The public half (RFC 7517), with its RFC 7638 thumbprint as `kid`.
    pub(super) const fn public(&self) -> &Jwk {
        &self.public
    }

    /// A signed JWT with these claims.
    pub(super) fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.kid.clone_from(&self.public.common.key_id);
        encode(&header, claims, &self.private).expect("JSON can be signed")
    }
}
