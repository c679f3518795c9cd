//! Signing keys as stored: the sealed private key, and the times at which the key is used. Opening
//! and using them is done by `latchkey-tokens`.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// The signature algorithm of access tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SigningAlgorithm {
    /// ECDSA over P-256 with SHA-256 (RFC 7518 §3.4).
    #[default]
    ES256,
    /// Ed25519 (RFC 8037 §3.1).
    EdDSA,
}

/// A signing key whose private key is sealed with a key derived from the master key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSigningKey {
    /// The thumbprint of the public key (RFC 7638): the `kid` of its tokens.
    pub kid: String,
    /// The signature algorithm.
    pub algorithm: SigningAlgorithm,
    /// The sealed private key, base64url.
    pub sealed: String,
    /// When the key was generated. Its public key is published from then on.
    pub created_at: Timestamp,
    /// When it starts to sign.
    pub signs_from: Timestamp,
    /// When its last token will have expired; set when a successor is generated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifies_until: Option<Timestamp>,
}

/// What a signing key is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// It is published and will sign.
    Next,
    /// It signs new tokens.
    Signing,
    /// It only verifies tokens that it has signed.
    Retired,
}

/// The keys that have not expired, each with what it is used for now. The latest key that may sign
/// is the signing key. If the clock is so far behind that none may sign, the earliest key signs.
pub fn states(
    mut keys: Vec<SealedSigningKey>,
    now: Timestamp,
) -> Vec<(SealedSigningKey, KeyState)> {
    keys.retain(|key| key.verifies_until.is_none_or(|until| now < until));
    let order = |key: &&SealedSigningKey| (key.signs_from, key.created_at);
    let ready = keys.iter().filter(|key| key.signs_from <= now);
    let signing = ready
        .max_by_key(order)
        .or_else(|| keys.iter().min_by_key(order));
    let signing = signing.map(|key| key.kid.clone());
    let state = |key: &SealedSigningKey| {
        if Some(&key.kid) == signing.as_ref() {
            KeyState::Signing
        } else if now < key.signs_from {
            KeyState::Next
        } else {
            KeyState::Retired
        }
    };
    keys.into_iter()
        .map(|key| (key.clone(), state(&key)))
        .collect()
}

impl fmt::Debug for SealedSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedSigningKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .field("signs_from", &self.signs_from)
            .field("verifies_until", &self.verifies_until)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyState, SealedSigningKey, SigningAlgorithm, states};
    use crate::clock::Timestamp;

    #[test]
    fn the_latest_key_that_may_sign_is_the_signing_key() {
        let key = |kid: &str, signs_from, until: Option<u64>| SealedSigningKey {
            kid: kid.to_owned(),
            algorithm: SigningAlgorithm::ES256,
            sealed: String::new(),
            created_at: Timestamp::from_secs(signs_from),
            signs_from: Timestamp::from_secs(signs_from),
            verifies_until: until.map(Timestamp::from_secs),
        };
        let keys = || {
            vec![
                key("a", 1, Some(20)),
                key("b", 10, Some(40)),
                key("c", 30, None),
            ]
        };
        let at = |seconds| {
            let states = states(keys(), Timestamp::from_secs(seconds));
            let pairs = states.into_iter().map(|(key, state)| (key.kid, state));
            pairs.collect::<Vec<_>>()
        };
        let (a, b, c) = ("a".to_owned(), "b".to_owned(), "c".to_owned());
        assert_eq!(
            at(15),
            [
                (a.clone(), KeyState::Retired),
                (b.clone(), KeyState::Signing),
                (c.clone(), KeyState::Next)
            ]
        );
        assert_eq!(at(40), [(c.clone(), KeyState::Signing)]);
        assert_eq!(at(0)[0], (a, KeyState::Signing), "the clock is behind");
        assert_eq!(
            at(25),
            [(b, KeyState::Signing), (c, KeyState::Next)],
            "expired keys are left out"
        );
    }
}
