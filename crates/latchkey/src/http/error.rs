//! Every error that HTTP can see, with its status and code: one exhaustive match.
//!
//! A handler returns an [`ApiError`]; it travels in the response's extensions to
//! `middleware::envelope`, which writes the body: problem details (RFC 9457), or the OAuth form
//! (RFC 6749 §5.2) at the endpoints that RFC is about.

mod dpop;
mod told;

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use latchkey_core::UserId;
use latchkey_identity::{Check, SignInError};
use latchkey_store::StoreError;
use latchkey_tokens::dpop::ProofError;
use latchkey_tokens::{AccessTokenError, KeyError};
use latchkey_types::ErrorCode;

use crate::accounts::operator::OperatorError;
use crate::auth::access::AccessError;
use crate::auth::freshness::Stale;
use crate::auth::hub::TooManyStreams;
use crate::auth::proof::HolderError;
use crate::auth::rate_limits::TooManyRequests;
use crate::auth::refresh::RefreshError;
use crate::auth::revoke::RevokeError;
use crate::auth::sign_in::{BeginError, FinishError};
use crate::auth::step_up::StepUpRequired;

/// What went wrong with a request.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ApiError {
    /// The request is malformed.
    #[error("{0}")]
    InvalidRequest(String),
    /// A grant type that this server has not (RFC 6749 §5.2).
    #[error("this grant_type is not supported; use authorization_code or refresh_token")]
    UnsupportedGrantType(String),
    /// A scope that was not granted (RFC 6749 §6).
    #[error("this scope was not granted at the sign-in, and a refresh cannot widen it")]
    InvalidScope(String),
    /// Client credentials, where no client has any.
    #[error("this server has no client with credentials; send the request without them")]
    InvalidClient,
    /// No access token.
    #[error("this needs an access token: Authorization: Bearer <token>")]
    TokenMissing,
    /// An access token that is not in force.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// A DPoP proof at a token endpoint that is not good.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// An access token that is not in force, or whose holder did not show to be that.
    #[error(transparent)]
    Holder(#[from] HolderError),
    /// The sign-in lies too far back for this.
    #[error(transparent)]
    StepUp(#[from] StepUpRequired),
    /// A token of an account without the role that this needs.
    #[error("this needs the role admin")]
    Forbidden(UserId),
    /// No session of the person has this id.
    #[error("you have no session of this id")]
    UnknownSession,
    /// An operator's act that was not done.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// More streams than an account may have.
    #[error(transparent)]
    Streams(#[from] TooManyStreams),
    /// More requests than one address or one session may make.
    #[error(transparent)]
    TooManyRequests(#[from] TooManyRequests),
    /// A sign-in could not be begun.
    #[error(transparent)]
    Begin(#[from] Arc<BeginError>),
    /// A sign-in could not be finished.
    #[error(transparent)]
    Finish(#[from] Arc<FinishError>),
    /// A refresh token was not exchanged.
    #[error(transparent)]
    Refresh(#[from] Arc<RefreshError>),
    /// `return_to` leads elsewhere.
    #[error(transparent)]
    ReturnTo(#[from] latchkey_core::sign_in::InvalidReturnTo),
    /// Inside a frame, or by another site's script or picture.
    #[error(
        "a sign-in cannot be started inside a frame or by a page of another site; open this site in a \
         tab of its own"
    )]
    Framed,
    /// Nothing at this path.
    #[error("there is nothing at this path")]
    NotFound,
    /// Another method.
    #[error("this path does not take this method")]
    MethodNotAllowed,
    /// A body over the limit.
    #[error("the body is longer than 64 KiB")]
    PayloadTooLarge,
    /// A body of another media type.
    #[error("the body must be {0}")]
    UnsupportedMediaType(&'static str),
    /// The body did not arrive in time.
    #[error("the body of the request did not arrive in time; send the request again")]
    BodyTimeout,
    /// The server took too long.
    #[error("the server took too long; try again")]
    Timeout,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Revocations on other machines may have been missed.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// A fault of ours.
    #[error("{0}")]
    Internal(String),
}

/// How an [`ApiError`] looks on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The HTTP status.
    pub status: StatusCode,
    /// Latchkey's code.
    pub code: ErrorCode,
    /// OAuth's code (RFC 6749 §5.2).
    pub oauth: &'static str,
}

impl ApiError {
    /// Status and codes.
    pub fn shape(&self) -> Shape {
        use ErrorCode as Code;
        use StatusCode as S;
        let (status, code, oauth) = match self {
            Self::InvalidRequest(_) => (S::BAD_REQUEST, Code::InvalidRequest, "invalid_request"),
            Self::UnsupportedGrantType(_) => (
                S::BAD_REQUEST,
                Code::InvalidRequest,
                "unsupported_grant_type",
            ),
            Self::InvalidScope(_) => (S::BAD_REQUEST, Code::InvalidRequest, "invalid_scope"),
            Self::InvalidClient => (S::UNAUTHORIZED, Code::InvalidRequest, "invalid_client"),
            Self::TokenMissing => (S::UNAUTHORIZED, Code::TokenMissing, "invalid_token"),
            Self::Access(error) => access(*error),
            Self::Proof(error) => dpop::proof(*error),
            Self::Holder(error) => dpop::holder(*error),
            Self::StepUp(_) => (
                S::UNAUTHORIZED,
                Code::StepUpRequired,
                "insufficient_user_authentication",
            ),
            Self::Forbidden(_) => (S::FORBIDDEN, Code::Forbidden, "insufficient_scope"),
            Self::Operator(error) => match error {
                OperatorError::UnknownUser(_) | OperatorError::Several { .. } => {
                    (S::NOT_FOUND, Code::NotFound, "invalid_request")
                }
                OperatorError::Reason => (S::BAD_REQUEST, Code::InvalidRequest, "invalid_request"),
                OperatorError::Store(error) => store(error),
            },
            Self::Streams(_) | Self::TooManyRequests(_) => TOO_MANY,
            Self::Begin(error) => match &**error {
                BeginError::UnknownProvider => {
                    (S::BAD_REQUEST, Code::UnknownProvider, "invalid_request")
                }
                BeginError::Provider(error) => provider(error),
                BeginError::TooMany(_) => TOO_MANY,
            },
            Self::Finish(error) => finish(error),
            Self::Refresh(error) => refresh(error),
            Self::ReturnTo(_) => (S::BAD_REQUEST, Code::InvalidReturnTo, "invalid_request"),
            Self::Framed => (S::FORBIDDEN, Code::Framed, "invalid_request"),
            Self::NotFound | Self::UnknownSession => {
                (S::NOT_FOUND, Code::NotFound, "invalid_request")
            }
            Self::MethodNotAllowed => (
                S::METHOD_NOT_ALLOWED,
                Code::MethodNotAllowed,
                "invalid_request",
            ),
            Self::PayloadTooLarge => (
                S::PAYLOAD_TOO_LARGE,
                Code::PayloadTooLarge,
                "invalid_request",
            ),
            Self::UnsupportedMediaType(_) => (
                S::UNSUPPORTED_MEDIA_TYPE,
                Code::UnsupportedMediaType,
                "invalid_request",
            ),
            Self::BodyTimeout => (S::REQUEST_TIMEOUT, Code::Timeout, "invalid_request"),
            Self::Timeout => (
                S::SERVICE_UNAVAILABLE,
                Code::Timeout,
                "temporarily_unavailable",
            ),
            Self::Store(error) => store(error),
            Self::Stale(_) => STORE_UNAVAILABLE,
            Self::Internal(_) => (S::INTERNAL_SERVER_ERROR, Code::Internal, "server_error"),
        };
        Shape {
            status,
            code,
            oauth,
        }
    }
}

type Parts = (StatusCode, ErrorCode, &'static str);

fn finish(error: &FinishError) -> Parts {
    let code = match error {
        FinishError::FlowNotFound => ErrorCode::SignInNotFound,
        FinishError::RedirectUri(_) => ErrorCode::ProviderInvalid,
        FinishError::OtherAccount { .. } => ErrorCode::OtherAccount,
        FinishError::NotAdmitted { .. } => ErrorCode::NotAdmitted,
        FinishError::Banned { .. } => ErrorCode::Banned,
        FinishError::ProofRequired => {
            let code = ErrorCode::DpopProofRequired;
            return (StatusCode::BAD_REQUEST, code, "invalid_dpop_proof");
        }
        FinishError::Provider(error) => return provider(error),
        FinishError::TooMany(_) => return TOO_MANY,
        FinishError::Store(error) => return store(error),
        FinishError::Key(error) => return key(error),
    };
    (StatusCode::BAD_REQUEST, code, "invalid_grant")
}

fn refresh(error: &RefreshError) -> Parts {
    use StatusCode as S;
    match error {
        RefreshError::Invalid(_) | RefreshError::UnknownSession | RefreshError::Ended(_) => {
            (S::BAD_REQUEST, ErrorCode::SessionEnded, "invalid_grant")
        }
        RefreshError::NotAdmitted { .. } => {
            (S::BAD_REQUEST, ErrorCode::NotAdmitted, "invalid_grant")
        }
        RefreshError::Replayed(_) => (S::BAD_REQUEST, ErrorCode::RefreshReplayed, "invalid_grant"),
        RefreshError::Unproven(_) => (S::BAD_REQUEST, ErrorCode::KeyMismatch, "invalid_dpop_proof"),
        RefreshError::Superseded => (S::CONFLICT, ErrorCode::Superseded, "superseded"),
        RefreshError::TooMany(_) => TOO_MANY,
        RefreshError::Store(error) => store(error),
        RefreshError::Key(error) => key(error),
    }
}

fn access(error: AccessError) -> Parts {
    let code = match error {
        AccessError::Token(AccessTokenError::Invalid(_)) => ErrorCode::TokenInvalid,
        AccessError::Token(AccessTokenError::Expired) => ErrorCode::TokenExpired,
        AccessError::Denied(_) => ErrorCode::TokenRevoked,
    };
    (StatusCode::UNAUTHORIZED, code, "invalid_token")
}

fn provider(error: &SignInError) -> Parts {
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
        // OpenID Connect Core §3.1.3.7, 13: the person was not asked anew, as they had to be.
        SignInError::Invalid {
            what: Check::AuthTime | Check::AuthTimeMissing,
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

const TOO_MANY: Parts = (
    StatusCode::TOO_MANY_REQUESTS,
    ErrorCode::TooManyRequests,
    "temporarily_unavailable",
);

const STORE_UNAVAILABLE: Parts = (
    StatusCode::SERVICE_UNAVAILABLE,
    ErrorCode::StoreUnavailable,
    "temporarily_unavailable",
);

fn store(error: &StoreError) -> Parts {
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

fn key(_: &KeyError) -> Parts {
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::Internal,
        "server_error",
    )
}

macro_rules! shared {
    ($($error:ident => $variant:ident),*) => {$(
        impl From<$error> for ApiError {
            fn from(error: $error) -> Self {
                match error {
                    $error::TooMany(error) => Self::TooManyRequests(error),
                    error => Self::$variant(Arc::new(error)),
                }
            }
        }
    )*};
}

shared!(BeginError => Begin, FinishError => Finish, RefreshError => Refresh);

impl From<RevokeError> for ApiError {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::TooMany(error) => Self::TooManyRequests(error),
            RevokeError::Store(error) => Self::Store(error),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.shape().status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
