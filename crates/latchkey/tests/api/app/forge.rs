//! Signs arbitrary tokens with the server's own keys, so that a test can show that the server
//! rejects a token for its content although the signature is valid.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

use super::TestApp;

/// The keys of a server, recovered from its master key and its store.
pub(crate) struct Forge {
    pub(crate) kid: String,
    pkcs8: Vec<u8>,
    signing: EncodingKey,
    pub(crate) refresh: EncodingKey,
}

impl Forge {
    pub(crate) async fn of(app: &TestApp) -> Self {
        let text = std::fs::read_to_string(app.data_dir().join("master.key")).expect("read");
        let master = B64.decode(text.trim()).expect("base64url");
        let keys = app.state.store.signing_keys().await.expect("keys");
        let newest = keys.last().expect("at least one key");
        let mut sealed = B64.decode(&newest.sealed).expect("base64url");
        let mut private = sealed.split_off(12);
        let seal = derive(&master, b"latchkey signing key seal aes-256-gcm v1");
        let nonce = Nonce::try_assume_unique_for_key(&sealed).expect("12 bytes");
        let pkcs8 = RandomizedNonceKey::new(&AES_256_GCM, &seal)
            .expect("32 bytes")
            .open_in_place(nonce, Aad::from(newest.kid.as_bytes()), &mut private)
            .expect("sealed with this master key");
        Self {
            kid: newest.kid.clone(),
            signing: EncodingKey::from_ec_der(pkcs8),
            pkcs8: pkcs8.to_vec(),
            refresh: EncodingKey::from_secret(&derive(&master, b"latchkey refresh token hs256 v1")),
        }
    }

    /// The private scalar of the signing key: 32 bytes of its PKCS #8 encoding (RFC 5915 §3).
    pub(crate) fn private(&self) -> Vec<u8> {
        let begin = b"\x02\x01\x01\x04\x20";
        let at = self.pkcs8.windows(5).position(|window| window == begin);
        let at = at.expect("an EC private key") + 5;
        self.pkcs8[at..at + 32].to_vec()
    }

    /// The header of an access token.
    pub(crate) fn header(&self) -> Value {
        json!({ "typ": "at+jwt", "alg": "ES256", "kid": self.kid })
    }

    /// Signs the header and claims as an access token, whatever they contain.
    pub(crate) fn sign_text(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", B64.encode(header), B64.encode(claims));
        loop {
            let signature = crypto::sign(message.as_bytes(), &self.signing, Algorithm::ES256)
                .expect("a signature");
            // Half of all signatures have a high `s`, which the server rejects.
            if B64.decode(&signature).expect("base64url")[32] < 0x7F {
                return format!("{message}.{signature}");
            }
        }
    }

    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }
}

/// Signs a token with HS256 and any key.
pub(crate) fn hs256(header: &Value, claims: &Value, key: &EncodingKey) -> String {
    let message = format!(
        "{}.{}",
        B64.encode(header.to_string()),
        B64.encode(claims.to_string())
    );
    let signature = crypto::sign(message.as_bytes(), key, Algorithm::HS256).expect("a signature");
    format!("{message}.{signature}")
}

fn derive(master: &[u8], label: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    Salt::new(HKDF_SHA256, b"latchkey")
        .extract(master)
        .expand(&[label], HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut key))
        .expect("32 bytes");
    key
}

/// Decodes the header (part 0) or the claims (part 1) of a JWT.
pub(crate) fn decoded(token: &str, part: usize) -> Value {
    let part = token.split('.').nth(part).expect("three parts");
    serde_json::from_slice(&B64.decode(part).expect("base64url")).expect("JSON")
}

/// The same token with `(r, n − s)` instead of `(r, s)`, which a lenient verifier would accept too.
pub(crate) fn recoded(token: &str) -> String {
    const ORDER: [u8; 32] = [
        0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63,
        0x25, 0x51,
    ];
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    let mut bytes = B64.decode(signature).expect("base64url");
    let mut borrow = 0;
    for (byte, order) in bytes[32..].iter_mut().zip(ORDER).rev() {
        let difference = i16::from(order) - i16::from(*byte) - borrow;
        borrow = i16::from(difference < 0);
        *byte = u8::try_from(difference.rem_euclid(256)).expect("a byte");
    }
    format!("{message}.{}", B64.encode(bytes))
}
