//! Conversion of sled's errors.

use latchkey_store::StoreError;

/// The store accepts no more writes after an error of sled.
#[expect(clippy::needless_pass_by_value, reason = "used with `map_err`")]
pub(crate) fn stopped(error: sled::Error) -> StoreError {
    StoreError::Stopped(error.to_string())
}
