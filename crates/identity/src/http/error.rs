//! Why a request to a provider came to nothing.

use core::error::Error as _;

use thiserror::Error;

use crate::error::Fault;

/// Why a request to a provider came to nothing. No message repeats what was sent or received.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HttpError {
    /// Neither https nor plain http with a loopback address.
    #[error("the address is neither an https URL nor one of this machine")]
    Url,
    /// There are no certificate authorities to trust.
    #[error("https does not work on this machine: {0}")]
    Tls(String),
    /// No connection, or it broke.
    #[error("it cannot be reached: {0}")]
    Connection(String),
    /// Too slow.
    #[error("it took too long to answer")]
    Timeout,
    /// Redirects are not followed: they could lead anywhere.
    #[error("it answered with a redirect, which is not followed")]
    Redirect,
    /// Not the status that the protocol has.
    #[error("it answered with status {0}")]
    Status(u16),
    /// More than is read.
    #[error("its answer is larger than 1 MiB")]
    TooLarge,
    /// Something else than the JSON document that belongs there.
    #[error("its answer is not the JSON document that belongs there ({0})")]
    NotJson(String),
}

impl From<serde_json::Error> for HttpError {
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        // Only this message is known to quote nothing from the document.
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
            Self::Connection(root(&error))
        }
    }
}

impl HttpError {
    /// This error, met while asking for `what`.
    pub(crate) fn at(&self, what: &str) -> Fault {
        Fault::Unavailable(format!("asked for {what}, {self}"))
    }
}

/// The innermost cause, such as `Connection refused (os error 111)`: the outer ones repeat the
/// URL.
pub(super) fn root(error: &reqwest::Error) -> String {
    let mut text = None;
    let mut source = error.source();
    while let Some(cause) = source {
        text = Some(cause.to_string());
        source = cause.source();
    }
    text.unwrap_or_else(|| "the request failed".to_owned())
}
