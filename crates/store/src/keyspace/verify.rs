//! Whether the records fit together: what an engine that lost some of them would not notice.

use latchkey_core::audit::RETENTION;
use latchkey_core::{Denial, Timestamp};

use super::transaction::parse;
use super::{View, key};
use crate::error::StoreError;

/// Holds the denials and the security events against the expiry index. They are written in one
/// change and lie far apart, so that damage to the one is seen in the other.
pub fn verify(view: &dyn View) -> Result<(), StoreError> {
    for (entry, _) in view.scan(key::EXPIRIES, usize::MAX)? {
        let record = key::expiry_named_by(&entry).map(|(_, record)| record);
        match record {
            Some(record) if view.get(record)?.is_some() => {}
            _ => return Err(missing(&entry, "the record that it names is gone")),
        }
    }
    for (record, bytes) in view.scan(key::DENIALS, usize::MAX)? {
        let until: Timestamp = parse::<Denial>(&record, &bytes)?.until;
        if view.get(&key::expiry(until, &record))?.is_none() {
            return Err(missing(&record, "its entry in the expiry index is gone"));
        }
    }
    for first in 0..=u8::MAX {
        for (record, _) in view.scan(&key::slice(key::AUDIT[0], first), usize::MAX)? {
            let position = key::position_named_by(&record);
            let until = position.map(|position| position.at.plus(RETENTION));
            let entry = until.map(|until| key::expiry(until, &record));
            match entry {
                Some(entry) if view.get(&entry)?.is_some() => {}
                _ => return Err(missing(&record, "its entry in the expiry index is gone")),
            }
        }
    }
    Ok(())
}

fn missing(key: &[u8], reason: &str) -> StoreError {
    StoreError::Corrupt {
        key: key::readable(key),
        reason: reason.to_owned(),
    }
}
