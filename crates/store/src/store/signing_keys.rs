//! Signing keys.

use async_trait::async_trait;
use latchkey_core::{SealedSigningKey, Timestamp};

use crate::error::StoreError;

/// Signing keys, sealed.
#[async_trait]
pub trait SigningKeys: Send + Sync {
    /// Every signing key.
    async fn signing_keys(&self) -> Result<Vec<SealedSigningKey>, StoreError>;

    /// Adds a signing key as the successor of `after`, or as the first key if `after` is `None`.
    /// Older keys without an expiry verify until `retire_at`. `false` if the newest key is not
    /// `after`: if several servers rotate at the same time, one succeeds. Also `false` if a key with
    /// the same algorithm is pending: it does not sign yet when `key` is created, but signs before
    /// `key`, or from the same time.
    async fn add_signing_key(
        &self,
        key: SealedSigningKey,
        after: Option<String>,
        retire_at: Timestamp,
    ) -> Result<bool, StoreError>;
}
