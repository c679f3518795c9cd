//! Denials.

use latchkey_core::{Denial, Denied};

use super::transaction::{parse, record};
use super::{Pair, Transaction, View, key};
use crate::error::StoreError;

pub(super) fn put(tx: &mut Transaction<'_>, denial: &Denial) -> Result<(), StoreError> {
    let key = key::denial(&denial.denied);
    let mut denial = denial.clone();
    if let Some(known) = record::<Denial>(tx, &key)? {
        tx.remove(key::expiry(known.until, &key));
        denial = denial.merged(&known);
    }
    tx.mark(key::expiry(denial.until, &key));
    tx.put(key, &denial)
}

/// Says that these are going to be put.
pub(super) fn expect(view: &dyn View, denied: impl Iterator<Item = Denied>) {
    view.expect(denied.map(|denied| key::denial(&denied)).collect());
}

pub(super) fn put_all(tx: &mut Transaction<'_>, denials: &[Denial]) -> Result<(), StoreError> {
    expect(tx, denials.iter().map(|denial| denial.denied));
    denials.iter().try_for_each(|denial| put(tx, denial))
}

/// The denials of these pairs.
pub(super) fn of_pairs(pairs: &[Pair]) -> Result<Vec<Denial>, StoreError> {
    pairs.iter().map(|(key, bytes)| parse(key, bytes)).collect()
}
