//! Sign-ins under way, sealed into cookies (AES-256-GCM): the browser carries what the server must
//! know again, and can neither read nor change it.
//!
//! A flow is found by its `state`: its id is a hash of it, and the seal holds for that id only. Each
//! id has a key of its own, so that random nonces cannot meet however many sign-ins are begun.

use core::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_core::{FlowId, LoginFlow};

use crate::digest::sha256;
use crate::master_key::{MasterKey, Purpose, SealBroken};

/// The longest sealed flow, in bytes; browsers keep cookies of up to 4096 bytes.
pub const MAX_SEALED_BYTES: usize = 3500;

/// Seals sign-ins and opens them again.
pub struct FlowSeal(hmac::Key);

impl FlowSeal {
    /// With a key derived from the master key for this alone: every server with the same master key
    /// opens what another sealed.
    pub fn new(master: &MasterKey) -> Self {
        let key = master.derive(Purpose::FlowSeal);
        Self(hmac::Key::new(HMAC_SHA256, &key))
    }

    /// The id of the sign-in with this `state`.
    pub fn id_of(state: &str) -> FlowId {
        let mut id = [0; 16];
        id.copy_from_slice(&sha256(state.as_bytes())[..16]);
        FlowId::from_bytes(id)
    }

    /// Seals a flow, for the cookie of this id.
    #[expect(
        clippy::missing_panics_doc,
        reason = "a flow is JSON, and far shorter than what AES-GCM can seal"
    )]
    pub fn seal(&self, id: FlowId, flow: &LoginFlow) -> String {
        let mut bytes = serde_json::to_vec(flow).expect("a flow is JSON");
        let nonce = self
            .key_of(id)
            .seal_in_place_append_tag(Aad::from(id.as_bytes()), &mut bytes)
            .expect("a flow is far shorter than what AES-GCM can seal");
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut bytes);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// Opens what [`FlowSeal::seal`] made for the same id.
    pub fn open(&self, id: FlowId, sealed: &str) -> Result<LoginFlow, SealBroken> {
        if sealed.len() > MAX_SEALED_BYTES {
            return Err(SealBroken);
        }
        let mut nonce = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| SealBroken)?;
        if nonce.len() < NONCE_LEN {
            return Err(SealBroken);
        }
        let mut bytes = nonce.split_off(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(&nonce).map_err(|_| SealBroken)?;
        let plain = self
            .key_of(id)
            .open_in_place(nonce, Aad::from(id.as_bytes()), &mut bytes)
            .map_err(|_| SealBroken)?;
        serde_json::from_slice(plain).map_err(|_| SealBroken)
    }

    fn key_of(&self, id: FlowId) -> RandomizedNonceKey {
        let key = hmac::sign(&self.0, id.as_bytes());
        RandomizedNonceKey::new(&AES_256_GCM, key.as_ref())
            .expect("the key has the length of the algorithm")
    }
}

impl fmt::Debug for FlowSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FlowSeal(…)")
    }
}

#[cfg(test)]
mod tests;
