//! PostgreSQL's errors as the store's.

use latchkey_store::StoreError;
use tokio_postgres::Error;

/// With what the database says; that names neither address nor password.
pub(crate) fn unavailable(error: &Error) -> StoreError {
    let said = match error.as_db_error() {
        Some(said) => said.message().to_owned(),
        None => match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    };
    StoreError::Unavailable(format!("PostgreSQL: {said}"))
}
