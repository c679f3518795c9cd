//! The ledger: a checksum of the denylist, made of the number of denials and a sum over their keys.
//!
//! If damage to the store removed a denial, a revoked token would be accepted again, unnoticed.
//! Therefore each commit that changes denials writes the ledger. When a store is opened, the ledger
//! is computed again and compared with the stored one.

use latchkey_store::StoreError;
use latchkey_store::table::{DENIALS, SLED_LEDGER, printable};

use crate::error::stopped;

/// The checksum of a set of denials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    count: u64,
    sum: u128,
}

impl Ledger {
    /// The stored ledger; `None` if there is none.
    pub(crate) fn read(db: &sled::Db) -> Result<Option<Self>, StoreError> {
        let Some(bytes) = db.get(SLED_LEDGER).map_err(stopped)? else {
            return Ok(None);
        };
        // A malformed ledger must not be treated as absent: the denials would not be checked.
        let ledger = Self::decode(&bytes).ok_or_else(|| StoreError::Corrupt {
            key: printable(SLED_LEDGER),
            reason: format!("it has {} bytes instead of 24", bytes.len()),
        })?;
        Ok(Some(ledger))
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (count, sum) = bytes.split_at_checked(8)?;
        Some(Self {
            count: u64::from_be_bytes(count.try_into().ok()?),
            sum: u128::from_be_bytes(sum.try_into().ok()?),
        })
    }

    /// Computes the ledger of the stored denials.
    pub(crate) fn compute(db: &sled::Db) -> Result<Self, StoreError> {
        let mut ledger = Self::default();
        for found in db.scan_prefix(DENIALS.info().prefix).keys() {
            ledger.add(&found.map_err(stopped)?);
        }
        Ok(ledger)
    }

    /// Updates the ledger for a write, before the write is applied. Returns whether the key is that
    /// of a denial.
    pub(crate) fn update(
        &mut self,
        db: &sled::Db,
        key: &[u8],
        is_written: bool,
    ) -> Result<bool, StoreError> {
        if !DENIALS.info().holds(key) {
            return Ok(false);
        }
        let exists = db.contains_key(key).map_err(stopped)?;
        match (exists, is_written) {
            (false, true) => self.add(key),
            (true, false) => {
                self.count = self.count.wrapping_sub(1);
                self.sum = self.sum.wrapping_sub(hash(key));
            }
            _ => {}
        }
        Ok(true)
    }

    /// Adds the ledger to a batch.
    pub(crate) fn write(&self, batch: &mut sled::Batch) {
        let bytes = [&self.count.to_be_bytes()[..], &self.sum.to_be_bytes()].concat();
        batch.insert(SLED_LEDGER, bytes);
    }

    /// Describes how the ledger computed from the stored denials, `found`, differs from this one.
    pub(crate) fn difference(&self, found: &Self) -> Option<String> {
        match self.count.checked_sub(found.count) {
            _ if self == found => None,
            Some(missing @ 1..) => Some(format!("missing denials: {missing}")),
            _ => Some("the denials differ from those that were written".to_owned()),
        }
    }

    fn add(&mut self, key: &[u8]) {
        self.count = self.count.wrapping_add(1);
        self.sum = self.sum.wrapping_add(hash(key));
    }
}

/// FNV-1a: fast, and sufficient to detect accidental damage.
fn hash(key: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    key.iter().fold(BASIS, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(PRIME)
    })
}
