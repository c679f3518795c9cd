//! All signing keys in force at a moment: one signs, several may verify.

use latchkey_core::{SealedSigningKey, Timestamp};
use serde_json::{Value, json};

use crate::master_key::MasterKey;
use crate::signing_key::{KeyError, SigningKey};

/// The signing keys of a store, opened. Never empty.
#[derive(Debug)]
pub struct KeyRing {
    keys: Vec<SigningKey>,
}

impl KeyRing {
    /// Opens the keys of a store.
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

    /// The key that signs now: the newest whose time has come.
    pub fn signing(&self, now: Timestamp) -> &SigningKey {
        self.keys
            .iter()
            .rfind(|key| key.signs_from() <= now)
            .unwrap_or(&self.keys[0])
    }

    /// The key of this id, while its tokens may be good.
    pub fn verifying(&self, kid: &str, now: Timestamp) -> Option<&SigningKey> {
        self.keys
            .iter()
            .find(|key| key.kid() == kid && key.verifies(now))
    }

    /// The newest key, whether it signs yet or not.
    pub fn newest(&self) -> &SigningKey {
        &self.keys[self.keys.len() - 1]
    }

    /// All keys, oldest first.
    pub fn keys(&self) -> &[SigningKey] {
        &self.keys
    }

    /// The public halves that verifiers need now (RFC 7517 §5).
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
