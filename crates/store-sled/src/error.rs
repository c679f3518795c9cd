//! Conversion of sled's errors.

use latchkey_store::StoreError;

/// After an error from sled, the store accepts no more writes.
#[expect(clippy::needless_pass_by_value, reason = "used with `map_err`")]
pub(crate) fn stopped(error: sled::Error) -> StoreError {
    StoreError::Stopped(error.to_string())
}
