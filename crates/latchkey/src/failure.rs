//! Why a command failed, for scripts: a code that is stable between versions, and a message.
//! Commands return `anyhow` errors, which are converted to a [`Failure`] for `--json` and for the
//! control socket.

use anyhow::Error;
use latchkey_axum::OpenError;
use latchkey_axum::backup::ImportError;
use latchkey_axum::use_cases::operator::{Candidate, OperatorError};
use latchkey_store::StoreError;
use serde::{Deserialize, Serialize};

use crate::config::ConfigError;

/// The codes, which docs/operations.md lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCode {
    /// The command line is invalid.
    Usage,
    /// The configuration is invalid.
    Configuration,
    /// No user matches.
    UnknownUser,
    /// Several users match.
    AmbiguousUser,
    /// The reason for a ban or denial is empty, too long, or contains control characters.
    InvalidReason,
    /// No session has this id.
    UnknownSession,
    /// There is no such denial.
    UnknownDenial,
    /// The denial follows from the end of a session or from an act of the user, or it was lifted
    /// before.
    NotLiftable,
    /// A role, a time, a token, a cursor or a value for a local account is invalid.
    InvalidArgument,
    /// All sessions have ended, but some of their records were not updated.
    RecordsUnfinished,
    /// There is no store in the data directory.
    NoStore,
    /// The store is currently unreachable.
    StoreUnavailable,
    /// The store failed or cannot be opened.
    StoreFailed,
    /// The running server has a different version than this program.
    ServerVersion,
    /// The file is not a backup that can be imported.
    InvalidBackup,
    /// The file to write already exists.
    FileExists,
    /// Anything else, including codes that this version does not know.
    #[serde(other)]
    Failed,
}

/// A failure, as `--json` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The kind of failure.
    pub error: FailureCode,
    /// What is wrong and what to do.
    pub message: String,
    /// The matching users, if there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
    /// All errors in the configuration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
}

impl Failure {
    /// A failure with only a code and a message.
    pub fn new(error: FailureCode, message: impl Into<String>) -> Self {
        Self {
            error,
            message: message.into(),
            candidates: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Converts the error of a command. A code that is deeper in the chain of causes is found, too.
    pub fn of(error: &Error) -> Self {
        let causes = || error.chain();
        if let Some(failure) = causes().find_map(|cause| cause.downcast_ref::<Self>()) {
            return Self {
                message: format!("{error:#}"),
                ..failure.clone()
            };
        }
        if let Some(ConfigError(errors)) = causes().find_map(|cause| cause.downcast_ref()) {
            return Self {
                errors: errors.clone(),
                ..Self::new(FailureCode::Configuration, errors.join("; "))
            };
        }
        let code = causes().find_map(code_of).unwrap_or(FailureCode::Failed);
        Self::new(code, format!("{error:#}"))
    }
}

fn code_of(cause: &(dyn core::error::Error + 'static)) -> Option<FailureCode> {
    if let Some(error) = cause.downcast_ref::<StoreError>() {
        return Some(code_of_store(error));
    }
    if let Some(error) = cause.downcast_ref::<OpenError>() {
        let code = error.store_error().map(code_of_store);
        let fallback = error.is_store_failure().then_some(FailureCode::StoreFailed);
        return code.or(fallback);
    }
    match cause.downcast_ref::<ImportError>()? {
        ImportError::Line { .. } => Some(FailureCode::InvalidBackup),
        // The cause comes next in the chain.
        _ => None,
    }
}

const fn code_of_store(error: &StoreError) -> FailureCode {
    match error {
        StoreError::Unavailable(_) => FailureCode::StoreUnavailable,
        _ => FailureCode::StoreFailed,
    }
}

impl From<OperatorError> for Failure {
    fn from(error: OperatorError) -> Self {
        let message = error.to_string();
        let code = match error {
            OperatorError::UnknownUser(_) => FailureCode::UnknownUser,
            OperatorError::Ambiguous { candidates, .. } => {
                return Self {
                    candidates,
                    ..Self::new(FailureCode::AmbiguousUser, message)
                };
            }
            OperatorError::Reason => FailureCode::InvalidReason,
            OperatorError::UnknownSession => FailureCode::UnknownSession,
            OperatorError::UnknownDenial => FailureCode::UnknownDenial,
            OperatorError::NotLiftable => FailureCode::NotLiftable,
            OperatorError::BanEnd
            | OperatorError::Roles(_)
            | OperatorError::Token(_)
            | OperatorError::Cursor(_) => FailureCode::InvalidArgument,
            OperatorError::RecordsUnfinished { .. } => FailureCode::RecordsUnfinished,
            OperatorError::Store(error) => code_of_store(&error),
        };
        Self::new(code, message)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use anyhow::Context as _;
    use latchkey_axum::{Latchkey, MasterKey, Store};

    use super::*;

    #[test]
    fn code_is_found_below_a_context() {
        let error = Err::<(), _>(StoreError::Unavailable("no route".into()))
            .context("backup.jsonl")
            .expect_err("an error");
        let failure = Failure::of(&error);
        assert_eq!(failure.error, FailureCode::StoreUnavailable);
        assert!(failure.message.starts_with("backup.jsonl: "), "{failure}");

        let errors = vec!["listen: no".to_owned(), "admins: no".to_owned()];
        let failure = Failure::of(&ConfigError(errors.clone()).into());
        assert_eq!(
            (failure.error, failure.errors),
            (FailureCode::Configuration, errors)
        );
        let failure = Failure::of(&anyhow::anyhow!("something else"));
        assert_eq!(failure.error, FailureCode::Failed);
    }

    async fn failure_to_open(store: Store) -> Failure {
        let opened = Latchkey::builder("http://localhost")
            .store(store)
            .master_key(MasterKey::random())
            .open();
        Failure::of(&opened.await.expect_err("refused").into())
    }

    #[tokio::test]
    async fn store_that_cannot_be_opened_is_reported_as_store_failed() {
        let folder = tempfile::tempdir().expect("a directory");
        fs::write(folder.path().join("store"), "not a directory").expect("written");
        let failure = failure_to_open(Store::sled(folder.path())).await;
        assert_eq!(failure.error, FailureCode::StoreFailed, "{failure}");

        let id_file = folder.path().join("store.id");
        fs::write(&id_file, "the id of a different store").expect("written");
        let failure = failure_to_open(Store::memory().id_file(&id_file)).await;
        assert_eq!(failure.error, FailureCode::StoreFailed, "{failure}");
    }

    #[tokio::test]
    async fn other_failures_to_start_are_not_reported_as_store_failed() {
        let folder = tempfile::tempdir().expect("a directory");
        let opened = Latchkey::builder("http://localhost")
            .store(Store::memory())
            .master_key(MasterKey::existing_file(folder.path().join("missing")))
            .open();
        let failure = Failure::of(&opened.await.expect_err("refused").into());
        assert_eq!(failure.error, FailureCode::Failed, "{failure}");
    }

    #[test]
    fn unknown_code_of_a_later_version_is_read_as_failed() {
        let text = r#"{"error":"quota_exceeded","message":"too many"}"#;
        let failure: Failure = serde_json::from_str(text).expect("read");
        assert_eq!(failure, Failure::new(FailureCode::Failed, "too many"));
    }
}
