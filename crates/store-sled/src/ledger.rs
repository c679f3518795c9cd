//! The ledger of denials: how many there are, and a sum over their keys.
//!
//! A denial that damage took away would bring a token back to life, and nobody would miss it. So
//! each commit writes what must be there after it, and opening a store adds up what is.

use latchkey_store::StoreError;
use latchkey_store::table::{DENIALS, SLED_LEDGER};

use crate::error::unavailable;

/// What must be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    count: u64,
    sum: u128,
}

impl Ledger {
    /// As it was written last; `None` if it never was.
    pub(crate) fn read(db: &sled::Db) -> Result<Option<Self>, StoreError> {
        let bytes = db.get(SLED_LEDGER).map_err(unavailable)?;
        Ok(bytes.and_then(|bytes| {
            let (count, sum) = bytes.split_at_checked(8)?;
            Some(Self {
                count: u64::from_be_bytes(count.try_into().ok()?),
                sum: u128::from_be_bytes(sum.try_into().ok()?),
            })
        }))
    }

    /// What there is.
    pub(crate) fn add_up(db: &sled::Db) -> Result<Self, StoreError> {
        let mut ledger = Self::default();
        for found in db.scan_prefix(DENIALS.kind().prefix).keys() {
            ledger.add(&found.map_err(unavailable)?);
        }
        Ok(ledger)
    }

    /// Takes a change down before it is made. `true` if it concerns the ledger.
    pub(crate) fn note(
        &mut self,
        db: &sled::Db,
        key: &[u8],
        is_written: bool,
    ) -> Result<bool, StoreError> {
        if !DENIALS.kind().holds(key) {
            return Ok(false);
        }
        let was_there = db.contains_key(key).map_err(unavailable)?;
        match (was_there, is_written) {
            (false, true) => self.add(key),
            (true, false) => {
                self.count = self.count.wrapping_sub(1);
                self.sum = self.sum.wrapping_sub(hash(key));
            }
            _ => {}
        }
        Ok(true)
    }

    /// Puts itself into the change.
    pub(crate) fn write(&self, batch: &mut sled::Batch) {
        let bytes = [&self.count.to_be_bytes()[..], &self.sum.to_be_bytes()].concat();
        batch.insert(SLED_LEDGER, bytes);
    }

    /// What is wrong with what there is, if something is.
    pub(crate) fn compare(&self, found: &Self) -> Option<String> {
        match self.count.checked_sub(found.count) {
            _ if self == found => None,
            Some(missing @ 1..) => Some(format!("{missing} of its denials are gone")),
            _ => Some("its denials are not the ones that were written".to_owned()),
        }
    }

    fn add(&mut self, key: &[u8]) {
        self.count = self.count.wrapping_add(1);
        self.sum = self.sum.wrapping_add(hash(key));
    }
}

/// FNV-1a: against accidents, and quick.
fn hash(key: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    key.iter().fold(BASIS, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(PRIME)
    })
}
