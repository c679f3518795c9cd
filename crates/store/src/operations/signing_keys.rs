//! Sealed signing keys.

use async_trait::async_trait;
use latchkey_core::{SealedSigningKey, Timestamp};

use super::expiry;
use crate::engine::Engine;
use crate::error::StoreError;
use crate::store::SigningKeys;
use crate::table;
use crate::transaction::Tx;

#[async_trait]
impl<E: Engine> SigningKeys for E {
    async fn signing_keys(&self) -> Result<Vec<SealedSigningKey>, StoreError> {
        self.read((), |tx, ()| Box::pin(all(tx))).await
    }

    async fn add_signing_key(
        &self,
        key: SealedSigningKey,
        after: Option<String>,
        retire_at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write((key, after, retire_at), |tx, (key, after, retire_at)| {
            Box::pin(add(tx, key, after.as_deref(), *retire_at))
        })
        .await
    }
}

async fn all(tx: &mut Tx<'_>) -> Result<Vec<SealedSigningKey>, StoreError> {
    let keys = tx.range(table::SIGNING_KEYS.all()).await?;
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

async fn add(
    tx: &mut Tx<'_>,
    new: &SealedSigningKey,
    after: Option<&str>,
    retire_at: Timestamp,
) -> Result<bool, StoreError> {
    let keys = all(tx).await?;
    let newest = keys
        .iter()
        .max_by_key(|key| (key.signs_from, key.created_at));
    if newest.map(|key| key.kid.as_str()) != after {
        return Ok(false);
    }
    // Without this check, repeated rotations would add any number of keys that do not sign yet. A
    // key that is to sign later than the new one was created by a server whose clock was ahead; it
    // must not prevent rotations until then.
    let is_pending = |key: &SealedSigningKey| {
        let waits = key.signs_from > new.created_at && key.signs_from <= new.signs_from;
        waits && key.algorithm == new.algorithm
    };
    if keys.iter().any(is_pending) {
        return Ok(false);
    }
    for mut old in keys {
        if old.verifies_until.is_none() {
            old.verifies_until = Some(retire_at);
            expiry::schedule(tx, table::SIGNING_KEYS, &old.kid, retire_at);
            tx.put(table::SIGNING_KEYS, &old.kid, &old)?;
        }
    }
    tx.put(table::SIGNING_KEYS, &new.kid, new)?;
    Ok(true)
}
