//! sled's errors as the store's.

use latchkey_store::StoreError;

/// After an error of sled nothing is written any more.
#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
pub(crate) fn unavailable(error: sled::Error) -> StoreError {
    StoreError::Stopped(error.to_string())
}
