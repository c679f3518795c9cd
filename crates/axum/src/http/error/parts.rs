//! The HTTP status and the error codes for each error of a use case.

use axum::http::StatusCode;
use latchkey_identity::{SignInError, ValidationError};
use latchkey_store::StoreError;
use latchkey_tokens::KeyError;
use latchkey_types::ErrorCode;

use crate::use_cases::local::LocalError;
use crate::use_cases::local_operator::LocalOperatorError;
use crate::use_cases::refresh::RefreshError;
use crate::use_cases::sign_in::FinishError;
use crate::use_cases::sign_in::link::LinkError;

/// The fields of an [`ErrorStatus`].
pub(super) type Parts = (StatusCode, ErrorCode, &'static str);

pub(super) fn finish(error: &FinishError) -> Parts {
    let code = match error {
        FinishError::FlowNotFound => ErrorCode::SignInNotFound,
        FinishError::RedirectUri(_) => ErrorCode::ProviderInvalid,
        FinishError::OtherAccount { .. } => ErrorCode::OtherAccount,
        FinishError::NotAdmitted { .. } => ErrorCode::NotAdmitted,
        FinishError::Banned { .. } => ErrorCode::Banned,
        FinishError::IdentitySuspended { .. } => ErrorCode::IdentitySuspended,
        FinishError::ProofRequired => {
            let code = ErrorCode::DpopProofRequired;
            return (StatusCode::BAD_REQUEST, code, "invalid_dpop_proof");
        }
        FinishError::Provider(error) => return provider(error),
        FinishError::TooMany(_) => return TOO_MANY,
        FinishError::Store(error) => return store(error),
        FinishError::Claims(_) => return STORE_UNAVAILABLE,
        FinishError::Key(error) => return key(error),
    };
    (StatusCode::BAD_REQUEST, code, "invalid_grant")
}

pub(super) fn local(error: &LocalError) -> Parts {
    let (status, code) = match error {
        LocalError::InvalidCredentials(_) => {
            (StatusCode::UNAUTHORIZED, ErrorCode::InvalidCredentials)
        }
        LocalError::Fields(_) => (StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::InvalidFields),
        LocalError::LinkInvalid => (StatusCode::BAD_REQUEST, ErrorCode::LinkInvalid),
        LocalError::SignUpClosed => (StatusCode::FORBIDDEN, ErrorCode::SignUpClosed),
        LocalError::NoPassword => (StatusCode::NOT_FOUND, ErrorCode::NotFound),
        LocalError::ProofRequired => (StatusCode::BAD_REQUEST, ErrorCode::DpopProofRequired),
        LocalError::NotAdmitted(_) => (StatusCode::BAD_REQUEST, ErrorCode::NotAdmitted),
        LocalError::Banned(_) => (StatusCode::BAD_REQUEST, ErrorCode::Banned),
        LocalError::TooMany(_) => return TOO_MANY,
        LocalError::Store(error) => return store(error),
        LocalError::Claims(_) => return STORE_UNAVAILABLE,
        LocalError::Key(error) => return key(error),
    };
    (status, code, "invalid_request")
}

pub(super) fn local_operator(error: &LocalOperatorError) -> Parts {
    use StatusCode as S;
    let (status, code) = match error {
        LocalOperatorError::Disabled
        | LocalOperatorError::UnknownUser(_)
        | LocalOperatorError::UnknownId(_)
        | LocalOperatorError::NoLocalAccount => (S::NOT_FOUND, ErrorCode::NotFound),
        LocalOperatorError::InvitationsOff => (S::FORBIDDEN, ErrorCode::SignUpClosed),
        LocalOperatorError::Field(_) | LocalOperatorError::Roles(_) => {
            (S::UNPROCESSABLE_ENTITY, ErrorCode::InvalidFields)
        }
        LocalOperatorError::Store(error) => return store(error),
    };
    (status, code, "invalid_request")
}

pub(super) fn link(error: &LinkError) -> Parts {
    use StatusCode as S;
    match error {
        LinkError::SignIn(error) => finish(error),
        LinkError::InUse(_) => (S::CONFLICT, ErrorCode::IdentityInUse, "invalid_request"),
        LinkError::TooMany(_) => (S::BAD_REQUEST, ErrorCode::InvalidRequest, "invalid_request"),
        LinkError::SessionEnded => (S::BAD_REQUEST, ErrorCode::SessionEnded, "invalid_grant"),
    }
}

pub(super) fn refresh(error: &RefreshError) -> Parts {
    use StatusCode as S;
    match error {
        RefreshError::Invalid(_) | RefreshError::UnknownSession | RefreshError::Ended(_) => {
            (S::BAD_REQUEST, ErrorCode::SessionEnded, "invalid_grant")
        }
        RefreshError::NotAdmitted { .. } => {
            (S::BAD_REQUEST, ErrorCode::NotAdmitted, "invalid_grant")
        }
        RefreshError::Replayed(_) => (S::BAD_REQUEST, ErrorCode::RefreshReplayed, "invalid_grant"),
        RefreshError::KeyMismatch(_) => {
            (S::BAD_REQUEST, ErrorCode::KeyMismatch, "invalid_dpop_proof")
        }
        RefreshError::Superseded => (S::CONFLICT, ErrorCode::Superseded, "superseded"),
        RefreshError::TooMany(_) => TOO_MANY,
        RefreshError::Store(error) => store(error),
        RefreshError::Claims(_) => STORE_UNAVAILABLE,
        RefreshError::Key(error) => key(error),
    }
}

pub(super) fn provider(error: &SignInError) -> Parts {
    match error {
        SignInError::Unavailable { .. } => (
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::ProviderUnavailable,
            "temporarily_unavailable",
        ),
        SignInError::Refused { .. } => (
            StatusCode::BAD_REQUEST,
            ErrorCode::ProviderRefused,
            "invalid_grant",
        ),
        // OpenID Connect Core §3.1.3.7, item 13: the user had to authenticate again and did not.
        SignInError::Invalid {
            error:
                ValidationError::AuthTime
                | ValidationError::AuthTimeMissing
                | ValidationError::AuthTimeUnsupported,
            ..
        } => (
            StatusCode::BAD_REQUEST,
            ErrorCode::StepUpRequired,
            "invalid_grant",
        ),
        SignInError::Invalid { .. } => (
            StatusCode::BAD_REQUEST,
            ErrorCode::ProviderInvalid,
            "invalid_grant",
        ),
    }
}

pub(super) const TOO_MANY: Parts = (
    StatusCode::TOO_MANY_REQUESTS,
    ErrorCode::TooManyRequests,
    "temporarily_unavailable",
);

pub(super) const STORE_UNAVAILABLE: Parts = (
    StatusCode::SERVICE_UNAVAILABLE,
    ErrorCode::StoreUnavailable,
    "temporarily_unavailable",
);

pub(super) fn store(error: &StoreError) -> Parts {
    match error {
        StoreError::Unavailable(_)
        | StoreError::Stopped(_)
        | StoreError::WrongStore { .. }
        | StoreError::ImportIncomplete => STORE_UNAVAILABLE,
        StoreError::Corrupt { .. } => (
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::Internal,
            "server_error",
        ),
    }
}

pub(super) fn key(_: &KeyError) -> Parts {
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::Internal,
        "server_error",
    )
}
