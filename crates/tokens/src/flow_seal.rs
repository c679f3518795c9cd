//! Sign-ins in progress, sealed into cookies (AES-256-GCM): the browser stores them for the
//! server, and can neither read them nor change them undetected. The cookie itself is set
//! elsewhere.
//!
//! A flow is identified by a hash of its `state`, and opens only under that id. Each id has its own
//! key, so a random nonce is not reused with the same key, however many sign-ins are started.
//!
//! ```
//! use latchkey_core::sign_in::FLOW_TTL;
//! use latchkey_core::{LoginFlow, ReturnTo, Timestamp};
//! use latchkey_tokens::{FlowSeal, MasterKey, SystemRng};
//!
//! let flow = LoginFlow {
//!     provider: "google".to_owned(),
//!     nonce: "random".to_owned(),
//!     verifier: "random".to_owned(),
//!     return_to: ReturnTo::account(),
//!     max_age: None,
//!     account: None,
//!     link: None,
//!     expires_at: Timestamp::from_secs(1_800_000_000).plus(FLOW_TTL),
//! };
//! let seal = FlowSeal::new(&MasterKey::random(&SystemRng));
//! let id = FlowSeal::id_of("the state of the sign-in");
//! let cookie = seal.seal(id, &flow);
//! assert_eq!(seal.open(id, &cookie), Ok(flow));
//! assert!(seal.open(FlowSeal::id_of("another state"), &cookie).is_err());
//! ```

use core::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_core::{FlowId, LoginFlow};

use crate::digest::sha256;
use crate::master_key::{MasterKey, Purpose, SealBroken};

/// The maximum length of a sealed flow that [`FlowSeal::open`] accepts, in bytes. Browsers store
/// cookies of up to 4096 bytes.
pub const MAX_SEALED_BYTES: usize = 3500;

/// Seals and opens sign-ins in progress.
pub struct FlowSeal(hmac::Key);

impl FlowSeal {
    /// Derives the key from the master key, so that servers with the same master key can open each
    /// other's sealed flows.
    pub fn new(master: &MasterKey) -> Self {
        let key = master.derive(Purpose::FlowSeal);
        Self(hmac::Key::new(HMAC_SHA256, key.as_slice()))
    }

    /// The id of the sign-in with this `state`.
    pub fn id_of(state: &str) -> FlowId {
        let mut id = [0; 16];
        id.copy_from_slice(&sha256(state.as_bytes())[..16]);
        FlowId::from_bytes(id)
    }

    /// Seals a flow under this id.
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

    /// Opens a flow that [`FlowSeal::seal`] sealed under the same id.
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
            .expect("the key has the length that the algorithm needs")
    }
}

impl fmt::Debug for FlowSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FlowSeal(…)")
    }
}

#[cfg(test)]
mod tests {
    use latchkey_core::{LoginFlow, ReturnTo, Timestamp, UserId};

    use super::{FlowSeal, MAX_SEALED_BYTES, SealBroken};
    use crate::{MasterKey, SystemRng};

    fn flow() -> LoginFlow {
        LoginFlow {
            provider: "google".into(),
            nonce: "n".repeat(43),
            verifier: "v".repeat(43),
            return_to: ReturnTo::account(),
            max_age: Some(600),
            account: Some(UserId::from_bytes([7; 16])),
            link: None,
            expires_at: Timestamp::from_secs(1_800_000_600),
        }
    }

    #[test]
    fn flow_opens_only_with_its_state_and_its_master_key() {
        let [seal, other] = [0; 2].map(|_| FlowSeal::new(&MasterKey::random(&SystemRng)));
        let id = FlowSeal::id_of("state");
        let sealed = seal.seal(id, &flow());
        assert_eq!(seal.open(id, &sealed), Ok(flow()));
        assert_eq!(other.open(id, &sealed), Err(SealBroken));
        assert_eq!(
            seal.open(FlowSeal::id_of("other"), &sealed),
            Err(SealBroken)
        );
        assert_ne!(sealed, seal.seal(id, &flow()), "the nonce is random");
        for secret in ["google", "nnn", "vvv", "account"] {
            assert!(!sealed.contains(secret), "{sealed}");
        }
    }

    #[test]
    fn altered_seal_is_refused() {
        let seal = FlowSeal::new(&MasterKey::random(&SystemRng));
        let id = FlowSeal::id_of("state");
        let sealed = seal.seal(id, &flow());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_eq!(seal.open(id, &changed), Err(SealBroken), "at {at}");
        }
        let long = "A".repeat(MAX_SEALED_BYTES + 1);
        let broken = ["", "A", "AAAA", "!", "é", &sealed[1..], &long];
        for broken in broken {
            assert_eq!(seal.open(id, broken), Err(SealBroken), "{broken:?}");
        }
    }

    #[test]
    fn longest_flow_fits_into_a_cookie() {
        let seal = FlowSeal::new(&MasterKey::random(&SystemRng));
        let long = format!("/{}", "a".repeat(511));
        let flow = LoginFlow {
            provider: "p".repeat(64),
            return_to: long.parse().expect("a path"),
            ..flow()
        };
        let id = FlowSeal::id_of("state");
        let sealed = seal.seal(id, &flow);
        assert!(sealed.len() < 1300, "{}", sealed.len());
        assert_eq!(seal.open(id, &sealed), Ok(flow));
    }
}
