//! Conversion of Redis' errors.

use latchkey_store::StoreError;

/// Converts an error. The resulting message never contains the password.
pub(crate) fn unavailable(error: &(impl std::error::Error + ?Sized)) -> StoreError {
    StoreError::Unavailable(format!("Redis: {error}"))
}
