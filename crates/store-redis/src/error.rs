//! Redis' errors as the store's.

use latchkey_store::StoreError;

/// In words that name no address and no password.
pub(crate) fn unavailable(error: &(impl std::error::Error + ?Sized)) -> StoreError {
    StoreError::Unavailable(format!("Redis: {error}"))
}
