//! The text of an error response, and the headers that belong to it.

use axum::http::StatusCode;
use latchkey_core::NotAdmitted;
use latchkey_identity::{Check, SignInError};
use latchkey_types::ErrorCode;

use super::ApiError;
use crate::use_cases::refresh::RefreshError;
use crate::use_cases::sign_in::FinishError;

impl ApiError {
    /// The sentence for the caller. What is ours to mend stays in the log.
    pub fn detail(&self) -> String {
        if self.is_about_claims() {
            return "the user's roles cannot be determined at the moment; try again later"
                .to_owned();
        }
        match self.shape().code {
            ErrorCode::Internal => {
                "internal error; the server's log has the cause under this request id".to_owned()
            }
            ErrorCode::StoreUnavailable => {
                "the server cannot reach its store; try again later".to_owned()
            }
            // Who asks may be anybody: what failed between us and the provider is for the log.
            ErrorCode::ProviderUnavailable => {
                "the provider cannot be reached at the moment; try again later".to_owned()
            }
            ErrorCode::ProviderRefused => {
                "the provider did not complete this sign-in; begin again, and if that does not help, \
                 look up this request id in the server's log"
                    .to_owned()
            }
            ErrorCode::ProviderInvalid => {
                "the provider's answer was not accepted; the server's log has the cause under this \
                 request id"
                    .to_owned()
            }
            // The check is named: it says what the provider has to send, in words of our own.
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
            Self::Refresh(error) => matches!(**error, RefreshError::Claims(_)),
            _ => false,
        }
    }

    /// The check that the provider's answer failed, if that is why a sign-in was not finished.
    fn failed_check(&self) -> Option<Check> {
        let Self::Finish(error) = self else {
            return None;
        };
        match &**error {
            FinishError::Provider(SignInError::Invalid { what, .. }) => Some(*what),
            _ => None,
        }
    }

    /// Which of several causes of its code it is, where the remedy is another.
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

    /// `Retry-After` (RFC 9110 §10.2.3), in seconds, where one belongs.
    pub fn retry_after(&self) -> Option<u64> {
        if let Self::TooManyRequests(error) = self {
            return Some(error.retry_after);
        }
        let soon = [
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::TOO_MANY_REQUESTS,
        ];
        soon.contains(&self.shape().status).then_some(2)
    }

    /// `WWW-Authenticate` (RFC 6750 §3, RFC 6749 §5.2), where one belongs.
    pub fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::Guard(error) => error.challenge(),
            Self::InvalidClient => Some(r#"Basic realm="latchkey""#),
            _ => None,
        }
    }
}
