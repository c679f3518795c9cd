//! Maps every error of Latchkey's routes to its status and codes. The matches are exhaustive, so
//! that a new error cannot be added without a mapping.
//!
//! An [`ApiError`] becomes a response with problem details (RFC 9457). At the endpoints of RFC 6749
//! and RFC 7009, `middleware::envelope` replaces it with the error response of RFC 6749 §5.2.
//! Messages are in `error/text.rs`.

mod parts;
mod text;

use std::sync::Arc;

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use latchkey_core::{DenialReason, UnlinkError};
use latchkey_guard::{
    AccessError, GuardError, REQUEST_ID, Rejection, RequestId, problem_with_fields, proof_codes,
};
use latchkey_store::StoreError;
use latchkey_tokens::dpop::ProofError;
use latchkey_types::{ErrorCode, OAuthError};

use self::parts::{TOO_MANY, finish, link, local, local_operator, provider, refresh, store};
use crate::services::exports::ExportInProgress;
use crate::services::notifier::TooManyStreams;
use crate::services::rate_limits::TooManyRequests;
use crate::services::signing_keys::KeysError;
use crate::use_cases::account::AccountError;
use crate::use_cases::begin_sign_in::BeginError;
use crate::use_cases::identities::RemoveError;
use crate::use_cases::local::LocalError;
use crate::use_cases::local_operator::LocalOperatorError;
use crate::use_cases::operator::OperatorError;
use crate::use_cases::refresh::RefreshError;
use crate::use_cases::revoke::RevokeError;
use crate::use_cases::sign_in::FinishError;
use crate::use_cases::sign_in::link::LinkError;

/// Why a request failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ApiError {
    /// The request is malformed.
    #[error("{0}")]
    InvalidRequest(String),
    /// This server does not support the grant type (RFC 6749 §5.2).
    #[error("this grant_type is not supported; use authorization_code or refresh_token")]
    UnsupportedGrantType(String),
    /// The scope was not granted (RFC 6749 §6).
    #[error("this scope was not granted at sign-in, and a refresh cannot add scopes; omit scope")]
    InvalidScope(String),
    /// The request has client credentials, but all clients are public.
    #[error("this server does not use client credentials; send the request without them")]
    InvalidClient,
    /// An access token is missing or refused.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// A DPoP proof at a token endpoint is not valid.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The user has no session with this id.
    #[error("you have no session with this id")]
    UnknownSession,
    /// An operator's action failed.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// The user has too many open event streams.
    #[error(transparent)]
    Streams(#[from] TooManyStreams),
    /// An export of the user's data is in progress.
    #[error(transparent)]
    Exports(#[from] ExportInProgress),
    /// A rate limit was reached.
    #[error(transparent)]
    TooManyRequests(#[from] TooManyRequests),
    /// A sign-in could not be started.
    #[error(transparent)]
    Begin(#[from] Arc<BeginError>),
    /// A sign-in could not be completed.
    #[error(transparent)]
    Finish(#[from] Arc<FinishError>),
    /// A request about a local account was refused.
    #[error(transparent)]
    Local(#[from] Arc<LocalError>),
    /// An operator's action about a local account failed.
    #[error(transparent)]
    LocalOperator(#[from] LocalOperatorError),
    /// An identity was not linked.
    #[error(transparent)]
    Link(Arc<LinkError>),
    /// An identity was not removed.
    #[error(transparent)]
    Unlink(#[from] UnlinkError),
    /// A banned user tried to delete the account or remove an identity.
    #[error("this account is banned; contact the administrator of this server")]
    AccountBanned,
    /// A refresh token was not exchanged.
    #[error(transparent)]
    Refresh(#[from] Arc<RefreshError>),
    /// `return_to` is not a path on this site.
    #[error(transparent)]
    ReturnTo(#[from] latchkey_core::sign_in::InvalidReturnTo),
    /// A sign-in was started in a frame, by a prefetch, or by a script or image of another site.
    #[error(
        "a sign-in cannot be started inside a frame, by a prefetch, or by a script of another \
         site; open this site in its own tab"
    )]
    Framed,
    /// No route has this path.
    #[error("this path does not exist")]
    NotFound,
    /// The route does not support the method.
    #[error("this path does not support this method; see the Allow header")]
    MethodNotAllowed,
    /// The body exceeds the limit.
    #[error("the request body is larger than 64 KiB")]
    PayloadTooLarge,
    /// The body does not have the expected media type, which this variant contains.
    #[error("the request body must be {0}")]
    UnsupportedMediaType(&'static str),
    /// The body did not arrive in time.
    #[error("the request body did not arrive in time; send the request again")]
    BodyTimeout,
    /// The handler exceeded the time limit.
    #[error("the server took too long to process the request; try again")]
    Timeout,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A bug, or an environment that violates an assumption. Holds the cause, for the log.
    #[error("{0}")]
    Internal(String),
}

/// The status and codes of an [`ApiError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorStatus {
    /// The HTTP status.
    pub status: StatusCode,
    /// Latchkey's error code.
    pub code: ErrorCode,
    /// The OAuth error code (RFC 6749 §5.2).
    pub oauth: &'static str,
}

impl ApiError {
    /// The status and codes of this error.
    pub fn status_and_codes(&self) -> ErrorStatus {
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
            Self::Guard(error) => (error.status(), error.code(), error.oauth_code()),
            Self::Proof(error) => {
                let (code, oauth) = proof_codes(*error);
                (S::BAD_REQUEST, code, oauth)
            }
            Self::Operator(error) => match error {
                OperatorError::UnknownUser(_)
                | OperatorError::Ambiguous { .. }
                | OperatorError::UnknownSession
                | OperatorError::UnknownDenial => (S::NOT_FOUND, Code::NotFound, "invalid_request"),
                OperatorError::Reason
                | OperatorError::BanEnd
                | OperatorError::Roles(_)
                | OperatorError::Token(_)
                | OperatorError::Cursor(_) => {
                    (S::BAD_REQUEST, Code::InvalidRequest, "invalid_request")
                }
                OperatorError::NotLiftable => (S::CONFLICT, Code::NotLiftable, "invalid_request"),
                OperatorError::RecordsUnfinished { cause: error, .. }
                | OperatorError::Store(error) => store(error),
            },
            Self::Streams(_) | Self::Exports(_) | Self::TooManyRequests(_) => TOO_MANY,
            Self::Begin(error) => match &**error {
                BeginError::UnknownProvider => {
                    (S::BAD_REQUEST, Code::UnknownProvider, "invalid_request")
                }
                BeginError::Provider(error) => provider(error),
                BeginError::TooMany(_) => TOO_MANY,
            },
            Self::Finish(error) => finish(error),
            Self::Local(error) => local(error),
            Self::LocalOperator(error) => local_operator(error),
            Self::Link(error) => link(error),
            Self::Unlink(UnlinkError::Unknown) => (S::NOT_FOUND, Code::NotFound, "invalid_request"),
            Self::Unlink(UnlinkError::Last) => (S::CONFLICT, Code::LastIdentity, "invalid_request"),
            Self::AccountBanned => (S::BAD_REQUEST, Code::Banned, "invalid_request"),
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
            Self::Internal(_) => (S::INTERNAL_SERVER_ERROR, Code::Internal, "server_error"),
        };
        debug_assert!(
            code.statuses().contains(&status.as_u16()),
            "docs/errors.md does not list {status} for {code:?}"
        );
        ErrorStatus {
            status,
            code,
            oauth,
        }
    }
}

macro_rules! impl_from_use_case_error {
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

impl_from_use_case_error!(
    BeginError => Begin,
    FinishError => Finish,
    LocalError => Local,
    RefreshError => Refresh
);

impl From<LinkError> for ApiError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::SignIn(error) => error.into(),
            error => Self::Link(Arc::new(error)),
        }
    }
}

/// The response if the session or the user was removed after the token was checked, or if this server
/// had not read the denial yet: the same as for a denied token.
fn session_ended() -> ApiError {
    let revoked = AccessError::Denied(DenialReason::SignedOut);
    ApiError::Guard(GuardError::Access(revoked))
}

impl From<RemoveError> for ApiError {
    fn from(error: RemoveError) -> Self {
        match error {
            RemoveError::Refused(error) => Self::Unlink(error),
            RemoveError::Banned => Self::AccountBanned,
            RemoveError::SessionEnded => session_ended(),
            RemoveError::Store(error) => Self::Store(error),
        }
    }
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Exports(error) => Self::Exports(error),
            AccountError::Store(error) => Self::Store(error),
            AccountError::Banned => Self::AccountBanned,
            AccountError::Deleted | AccountError::SessionEnded => session_ended(),
        }
    }
}

impl From<RevokeError> for ApiError {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::TooMany(error) => Self::TooManyRequests(error),
            RevokeError::Store(error) => Self::Store(error),
        }
    }
}

/// The format of an error response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorFormat {
    /// Problem details (RFC 9457).
    Problem,
    /// The error response of RFC 6749 §5.2.
    OAuth,
}

/// An error and its request id. Also stored in the response's extensions, for the log.
#[derive(Clone, Debug)]
pub(crate) struct ErrorResponse {
    pub(crate) error: ApiError,
    pub(crate) request_id: RequestId,
}

impl ErrorResponse {
    pub(crate) fn new(error: ApiError) -> Self {
        let request_id = RequestId::random();
        Self { error, request_id }
    }

    /// Builds the complete response.
    pub(crate) fn respond(self, format: ErrorFormat) -> Response {
        let Self { error, request_id } = &self;
        let ErrorStatus {
            status,
            code,
            oauth,
        } = error.status_and_codes();
        let mut response = match format {
            ErrorFormat::Problem => {
                problem_with_fields(status, code, error.detail(), error.fields(), request_id)
            }
            ErrorFormat::OAuth => {
                let body = OAuthError {
                    error: oauth.to_owned(),
                    error_description: Some(error.detail()),
                    code: Some(code),
                    reason: error.reason(),
                    request_id: Some(request_id.as_str().to_owned()),
                };
                (status, Json(body)).into_response()
            }
        };
        let headers = response.headers_mut();
        if let Some(challenge) = error.challenge() {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = error.retry_after() {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        headers.insert(REQUEST_ID, request_id.clone().into_header());
        response.extensions_mut().insert(self);
        response
    }
}

impl From<KeysError> for ApiError {
    fn from(error: KeysError) -> Self {
        match error {
            KeysError::Store(error) => Self::Store(error),
            KeysError::Key(error) => Self::Internal(error.to_string()),
        }
    }
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        Self::Guard(rejection.error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        ErrorResponse::new(self).respond(ErrorFormat::Problem)
    }
}
