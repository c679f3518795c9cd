//! The demo provider's signing key: generated at start and never stored.

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
    /// Generates a key.
    pub(super) fn generate() -> Self {
        let pkcs8 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .and_then(|pair| pair.to_pkcs8v1())
            .expect("the random number generator works");
        let private = EncodingKey::from_ec_der(pkcs8.as_ref());
        let mut public = Jwk::from_encoding_key(&private, Algorithm::ES256)
            .expect("a generated key has a public key");
        let kid = public
            .thumbprint(ThumbprintHash::SHA256)
            .expect("P-256 keys have thumbprints");
        public.common.key_id = Some(kid);
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Self { private, public }
    }

    /// The public key as a JWK (RFC 7517), with its thumbprint (RFC 7638) as `kid`.
    pub(super) const fn public(&self) -> &Jwk {
        &self.public
    }

    /// Signs a JWT with these claims.
    pub(super) fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.kid.clone_from(&self.public.common.key_id);
        encode(&header, claims, &self.private).expect("JSON can be signed")
    }
}
