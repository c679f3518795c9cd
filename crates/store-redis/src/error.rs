//! Conversion of Redis' errors.

use latchkey_store::StoreError;

/// Converts an error. Its text contains neither address nor password.
pub(crate) fn unavailable(error: &(impl std::error::Error + ?Sized)) -> StoreError {
    StoreError::Unavailable(format!("Redis: {error}"))
}
