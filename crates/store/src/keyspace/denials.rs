//! Denials.

use latchkey_core::Denial;

use super::transaction::{parse, record};
use super::{Pair, Transaction, key};
use crate::error::StoreError;

pub(super) fn put(tx: &mut Transaction<'_>, denial: &Denial) -> Result<(), StoreError> {
    let key = key::denial(&denial.denied);
    let mut denial = denial.clone();
    if let Some(known) = record::<Denial>(tx, &key)? {
        tx.remove(key::expiry(known.until, &key));
        denial.until = denial.until.max(known.until);
        denial.at = denial.at.max(known.at);
    }
    tx.mark(key::expiry(denial.until, &key));
    tx.put(key, &denial)
}

/// The denials of these pairs.
pub(super) fn of_pairs(pairs: &[Pair]) -> Result<Vec<Denial>, StoreError> {
    pairs.iter().map(|(key, bytes)| parse(key, bytes)).collect()
}
