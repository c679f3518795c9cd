//! Signing keys, sealed.

use latchkey_core::{SealedSigningKey, Timestamp};

use super::transaction::parse;
use super::{Transaction, View, key};
use crate::error::StoreError;

pub(super) fn all(view: &dyn View) -> Result<Vec<SealedSigningKey>, StoreError> {
    let pairs = view.scan(key::SIGNING_KEYS, usize::MAX)?;
    pairs.iter().map(|(key, bytes)| parse(key, bytes)).collect()
}

pub(super) fn add(
    tx: &mut Transaction<'_>,
    new: &SealedSigningKey,
    after: Option<&str>,
    retire_at: Timestamp,
) -> Result<bool, StoreError> {
    let keys = all(tx)?;
    let newest = keys
        .iter()
        .max_by_key(|key| (key.signs_from, key.created_at));
    if newest.map(|key| key.kid.as_str()) != after {
        return Ok(false);
    }
    for mut old in keys {
        if old.verifies_until.is_none() {
            old.verifies_until = Some(retire_at);
            let key = key::signing_key(&old.kid);
            tx.mark(key::expiry(retire_at, &key));
            tx.put(key, &old)?;
        }
    }
    tx.put(key::signing_key(&new.kid), new)?;
    Ok(true)
}
