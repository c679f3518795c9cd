//! Signing keys, as operators list and rotate them.

use core::cmp::Reverse;

pub use latchkey_core::signing_key::KeyState;
use latchkey_core::signing_key::states;
use latchkey_core::{Requester, SealedSigningKey};

use super::{Operator, OperatorError};
use crate::services::Services;
use crate::services::signing_keys::KeysError;

/// Adds a signing key and returns the id of the newest key, which is another server's if that server
/// rotated first.
pub async fn rotate_keys(services: &Services, by: Requester) -> Result<String, KeysError> {
    let actor = by.actor.map(tracing::field::display);
    let kid = services.rotate_keys(Some(by)).await?;
    tracing::info!(kid, by = actor, "signing key rotated");
    Ok(kid)
}

impl Operator<'_> {
    /// The signing keys that have not expired, newest first.
    pub async fn keys(&self) -> Result<Vec<(SealedSigningKey, KeyState)>, OperatorError> {
        let mut keys = states(self.store.signing_keys().await?, self.now);
        keys.sort_by_key(|(key, _)| Reverse((key.signs_from, key.created_at)));
        Ok(keys)
    }
}
