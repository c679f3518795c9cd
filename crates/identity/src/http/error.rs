//! Why a request to a provider failed.

use core::error::Error as _;

use thiserror::Error;

use crate::error::ProviderError;

/// Why a request to a provider failed. No message contains the body of a request
/// or of a response.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HttpError {
    /// The URL is neither https nor http with a loopback address.
    #[error("the URL is neither https nor http with a loopback address")]
    Url,
    /// There are no certificate authorities to verify certificates with.
    #[error("https is not available on this machine: {0}")]
    Tls(String),
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// The request took too long.
    #[error("the request timed out")]
    Timeout,
    /// Redirects are not followed, because they could lead anywhere.
    #[error("the response is a redirect, which is not followed")]
    Redirect,
    /// A status code that the protocol does not provide for.
    #[error("the response has status {0}")]
    Status(u16),
    /// The response body exceeds the limit.
    #[error("the response is larger than 1 MiB")]
    TooLarge,
    /// The response body is not the expected JSON document.
    #[error("the response is not the expected JSON document ({0})")]
    NotJson(String),
}

impl From<serde_json::Error> for HttpError {
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        // Other messages may quote the document.
        let known = text.starts_with("missing field");
        let place = || format!("line {}, column {}", error.line(), error.column());
        Self::NotJson(if known { text } else { place() })
    }
}

impl From<reqwest::Error> for HttpError {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::Timeout
        } else {
            Self::Connection(root_cause(&error))
        }
    }
}

impl HttpError {
    /// Adds what the request was sent to.
    pub(crate) fn in_request_to(&self, what: &str) -> ProviderError {
        ProviderError::Unavailable(format!("the request to {what} failed: {self}"))
    }
}

/// The innermost cause, such as `Connection refused (os error 111)`. The outer ones repeat the URL.
pub(super) fn root_cause(error: &reqwest::Error) -> String {
    let mut text = None;
    let mut source = error.source();
    while let Some(cause) = source {
        text = Some(cause.to_string());
        source = cause.source();
    }
    text.unwrap_or_else(|| "the request failed".to_owned())
}
