//! PostgreSQL's errors as the store's.

use latchkey_store::StoreError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

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

/// What `latchkey.commit` raises where the store is not the one that is meant.
pub(crate) fn is_another(error: &Error) -> bool {
    error.code().is_some_and(|code| code.code() == "LK001")
}

/// Another transaction was faster.
pub(crate) fn is_conflict(error: &Error) -> bool {
    let conflicts = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
    ];
    error.code().is_some_and(|code| conflicts.contains(code))
}
