//! The current signing keys: one signs, several may verify. This module does not rotate them.
//!
//! ```
//! use core::time::Duration;
//!
//! use latchkey_core::{SigningAlgorithm, Timestamp};
//! use latchkey_tokens::{KeyRing, MasterKey, SigningKey, SystemRng};
//!
//! let master = MasterKey::random(&SystemRng);
//! let now = Timestamp::from_secs(1_800_000_000);
//! let later = now.plus(Duration::from_secs(300));
//! let old = SigningKey::generate(SigningAlgorithm::ES256, &master, now, now)?;
//! let new = SigningKey::generate(SigningAlgorithm::ES256, &master, now, later)?;
//!
//! // The new key is published before it signs.
//! let ring = KeyRing::open(&[old, new], &master)?;
//! assert_eq!(ring.jwks(now)["keys"].as_array().map(Vec::len), Some(2));
//! assert_ne!(ring.signing(now).kid(), ring.newest().kid());
//! assert_eq!(ring.signing(later).kid(), ring.newest().kid());
//! # Ok::<(), latchkey_tokens::KeyError>(())
//! ```

use latchkey_core::{SealedSigningKey, Timestamp};
use serde_json::{Value, json};

use crate::master_key::MasterKey;
use crate::signing_key::{KeyError, SigningKey};

/// The opened signing keys of a store. Never empty.
#[derive(Debug)]
pub struct KeyRing {
    keys: Vec<SigningKey>,
}

impl KeyRing {
    /// Opens the signing keys of a store.
    pub fn open(sealed: &[SealedSigningKey], master: &MasterKey) -> Result<Self, KeyError> {
        let mut keys = sealed
            .iter()
            .map(|key| SigningKey::open(key, master))
            .collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return Err(KeyError::Empty);
        }
        keys.sort_by_key(|key| (key.signs_from(), key.created_at()));
        Ok(Self { keys })
    }

    /// The key that signs at `now`: the newest one that has started to sign, or the oldest if none
    /// has.
    pub fn signing(&self, now: Timestamp) -> &SigningKey {
        self.keys
            .iter()
            .rfind(|key| key.signs_from() <= now)
            .unwrap_or(&self.keys[0])
    }

    /// The key with this id, if its tokens may still be valid.
    pub fn verifying(&self, kid: &str, now: Timestamp) -> Option<&SigningKey> {
        self.keys
            .iter()
            .find(|key| key.kid() == kid && key.verifies(now))
    }

    /// The newest key, whether or not it signs yet.
    pub fn newest(&self) -> &SigningKey {
        &self.keys[self.keys.len() - 1]
    }

    /// All keys, oldest first.
    pub fn keys(&self) -> &[SigningKey] {
        &self.keys
    }

    /// The public keys that verifiers need now, as a JWK set (RFC 7517 §5).
    pub fn jwks(&self, now: Timestamp) -> Value {
        let keys: Vec<&Value> = self
            .keys
            .iter()
            .filter(|key| key.verifies(now))
            .map(SigningKey::jwk)
            .collect();
        json!({ "keys": keys })
    }
}
