//! The text and headers of error responses.

use axum::http::StatusCode;
use latchkey_core::NotAdmitted;
use latchkey_identity::{SignInError, ValidationError};
use latchkey_types::{ErrorCode, FieldError};

use super::ApiError;
use crate::use_cases::begin_sign_in::BeginError;
use crate::use_cases::local::LocalError;
use crate::use_cases::local_operator::LocalOperatorError;
use crate::use_cases::refresh::RefreshError;
use crate::use_cases::sign_in::FinishError;

impl ApiError {
    /// The message for the client. Causes that only the operator can fix are logged instead.
    pub fn detail(&self) -> String {
        if self.is_about_claims() {
            return "the user's roles cannot be determined right now; try again later".to_owned();
        }
        match self.status_and_codes().code {
            ErrorCode::Internal => {
                "internal error; the server's log has the cause under this request id".to_owned()
            }
            ErrorCode::StoreUnavailable => "the store is unavailable; try again later".to_owned(),
            // The client may be unauthenticated, so what failed at the provider is only logged.
            ErrorCode::ProviderUnavailable => {
                "the provider is unavailable; try again later".to_owned()
            }
            ErrorCode::ProviderRefused => {
                "the provider did not complete this sign-in; start again, or look up this request \
                 id in the server's log"
                    .to_owned()
            }
            ErrorCode::ProviderInvalid => {
                "the provider's response was not accepted; the server's log has the cause under \
                 this request id"
                    .to_owned()
            }
            // Names the failed check, but quotes nothing that the provider sent.
            ErrorCode::StepUpRequired => self
                .failed_check()
                .map_or_else(|| self.to_string(), |check| check.to_string()),
            _ => match self {
                Self::Guard(error) => error.detail(),
                error => error.to_string(),
            },
        }
    }

    fn is_about_claims(&self) -> bool {
        match self {
            Self::Finish(error) => matches!(**error, FinishError::Claims(_)),
            Self::Local(error) => matches!(**error, LocalError::Claims(_)),
            Self::Refresh(error) => matches!(**error, RefreshError::Claims(_)),
            _ => false,
        }
    }

    /// Which check the provider's response failed, if that is why the sign-in failed.
    fn failed_check(&self) -> Option<ValidationError> {
        let error = match self {
            Self::Begin(error) => match &**error {
                BeginError::Provider(error) => error,
                _ => return None,
            },
            Self::Finish(error) => match &**error {
                FinishError::Provider(error) => error,
                _ => return None,
            },
            _ => return None,
        };
        match error {
            SignInError::Invalid { error, .. } => Some(*error),
            _ => None,
        }
    }

    /// What is wrong with individual fields of the request.
    pub fn fields(&self) -> Vec<FieldError> {
        let field = |name: &str, message: String| FieldError {
            field: name.to_owned(),
            message,
        };
        match self {
            Self::Local(error) => match &**error {
                LocalError::Fields(errors) => errors
                    .iter()
                    .map(|error| field(error.field, error.message.clone()))
                    .collect(),
                _ => Vec::new(),
            },
            Self::LocalOperator(LocalOperatorError::Field(error)) => {
                vec![field(error.field, error.message.clone())]
            }
            Self::LocalOperator(LocalOperatorError::Roles(error)) => {
                vec![field("roles", error.to_string())]
            }
            _ => Vec::new(),
        }
    }

    /// Distinguishes causes that have the same code but different remedies.
    pub fn reason(&self) -> Option<ErrorCode> {
        let cause = match self {
            Self::Finish(error) => match &**error {
                FinishError::NotAdmitted { cause, .. } => *cause,
                _ => return None,
            },
            Self::Refresh(error) => match &**error {
                RefreshError::NotAdmitted { cause, .. } => *cause,
                _ => return None,
            },
            _ => return None,
        };
        (cause == NotAdmitted::Unverified).then_some(ErrorCode::EmailUnverified)
    }

    /// The value of `Retry-After` (RFC 9110 §10.2.3), in seconds, if the response has that header.
    pub fn retry_after(&self) -> Option<u64> {
        if let Self::TooManyRequests(error) = self {
            return Some(error.retry_after);
        }
        let transient = [
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::TOO_MANY_REQUESTS,
        ];
        transient
            .contains(&self.status_and_codes().status)
            .then_some(2)
    }

    /// The value of `WWW-Authenticate` (RFC 6750 §3, RFC 6749 §5.2), if the response has that
    /// header.
    pub fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::Guard(error) => error.challenge(),
            Self::InvalidClient => Some(r#"Basic realm="latchkey""#),
            // RFC 9110 §15.5.2 requires a challenge. Browsers ignore schemes that they do not know,
            // so they open no dialog.
            Self::Local(error) if matches!(**error, LocalError::InvalidCredentials(_)) => {
                Some(r#"Password realm="latchkey""#)
            }
            _ => None,
        }
    }
}
