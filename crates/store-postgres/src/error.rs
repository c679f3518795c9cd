//! Conversion of PostgreSQL's errors.

use latchkey_store::StoreError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// Converts an error. The resulting message never contains the password.
pub(crate) fn unavailable(error: &Error) -> StoreError {
    let message = match error.as_db_error() {
        Some(error) => error.message().to_owned(),
        None => match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    };
    StoreError::Unavailable(format!("PostgreSQL: {message}"))
}

/// Whether `latchkey.commit` found a different store than expected.
pub(crate) fn is_wrong_store(error: &Error) -> bool {
    error.code().is_some_and(|code| code.code() == "LK001")
}

/// Whether a concurrent transaction caused the error.
pub(crate) fn is_conflict(error: &Error) -> bool {
    let conflicts = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
    ];
    error.code().is_some_and(|code| conflicts.contains(code))
}
