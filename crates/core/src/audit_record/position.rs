//! The order of audit records.

use core::cmp::Reverse;
use core::fmt;
use core::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::clock::Timestamp;

/// The position of a record among all records. Its text form is the record's id, and the opaque
/// cursor of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordPosition {
    /// When it happened.
    pub at: Timestamp,
    /// Distinguishes records of the same millisecond: a hash of the record, so that an operation
    /// that is repeated after a conflict or a lost response adds no second record.
    pub suffix: u64,
}

impl RecordPosition {
    /// The position before the first record that is older than `at`.
    pub fn end_of(at: Timestamp) -> Self {
        Self {
            at,
            suffix: u64::MAX,
        }
    }

    /// Sorts positions as the store does: newest first.
    pub fn order(self) -> (Reverse<Timestamp>, u64) {
        (Reverse(self.at), self.suffix)
    }
}

impl fmt::Display for RecordPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.at.as_millis().to_be_bytes());
        bytes[8..].copy_from_slice(&self.suffix.to_be_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for RecordPosition {
    type Err = crate::audit::InvalidPosition;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 16];
        if URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) != Ok(16) {
            return Err(crate::audit::InvalidPosition);
        }
        let bits = u128::from_be_bytes(bytes);
        let [at, suffix] = [bits >> 64, bits & u128::from(u64::MAX)];
        Ok(Self {
            at: Timestamp::from_millis(u64::try_from(at).unwrap_or_default()),
            suffix: u64::try_from(suffix).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_round_trip_as_text_and_sort_newest_first() {
        let position = |at, suffix| RecordPosition {
            at: Timestamp::from_millis(at),
            suffix,
        };
        let one = position(1_800_000_000_123, u64::MAX - 7);
        assert_eq!(one.to_string().parse(), Ok(one));
        for text in ["", "AAAA", "../../etc/passwd"] {
            assert!(text.parse::<RecordPosition>().is_err(), "{text}");
        }
        let mut all = [position(1, 2), position(2, 9), position(1, 1)];
        all.sort_by_key(|it| it.order());
        assert_eq!(all, [position(2, 9), position(1, 1), position(1, 2)]);
    }
}
