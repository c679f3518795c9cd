//! Signing keys, as operators list and rotate them.

use core::cmp::Reverse;

pub use latchkey_core::signing_key::KeyState;
use latchkey_core::signing_key::states;
use latchkey_core::{Requester, SealedSigningKey};

use super::{Operator, OperatorError};
use crate::services::Services;
use crate::services::signing_keys::{KeysError, Rotation};

/// Adds a signing key, unless the newest one does not sign yet, or another server has just added one.
/// Returns the newest key.
pub async fn rotate_keys(services: &Services, by: Requester) -> Result<Rotation, KeysError> {
    let actor = by.actor.map(tracing::field::display);
    let rotation = services.rotate_keys(Some(by)).await?;
    if rotation.is_new {
        tracing::info!(kid = rotation.kid, by = actor, "signing key rotated");
    }
    Ok(rotation)
}

impl Operator<'_> {
    /// The signing keys that have not expired, newest first.
    pub async fn keys(&self) -> Result<Vec<(SealedSigningKey, KeyState)>, OperatorError> {
        let mut keys = states(self.store.signing_keys().await?, self.now);
        keys.sort_by_key(|(key, _)| Reverse((key.signs_from, key.created_at)));
        Ok(keys)
    }
}
