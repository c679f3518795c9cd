//! Denials.

use latchkey_core::{Denial, Timestamp};

use super::transaction::{parse, record};
use super::{Transaction, View, key};
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

pub(super) fn live(view: &dyn View, now: Timestamp) -> Result<Vec<Denial>, StoreError> {
    let mut live = Vec::new();
    for (key, bytes) in view.scan(key::DENIALS, usize::MAX)? {
        let denial: Denial = parse(&key, &bytes)?;
        if now < denial.until {
            live.push(denial);
        }
    }
    Ok(live)
}
