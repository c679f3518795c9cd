//! Interprets responses of the server. A refresh ends the session only if the response is an
//! explicit `invalid_grant`, or `key_mismatch`, from which this browser cannot recover. A 409 means
//! that another request rotated the token. Any other failure is treated as transient.

use latchkey_types::{ErrorCode, TokenResponse};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

use crate::engine::{Reply, TransientError};
use crate::tokens::Tokens;
use crate::transport::{Response, Unreachable};

/// An error body, either OAuth (RFC 6749 §5.2) or problem details (RFC 9457). Codes that this build
/// does not know are tolerated.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ErrorBody {
    #[serde(default)]
    pub(crate) error: Option<String>,
    #[serde(default)]
    pub(crate) code: Option<String>,
    #[serde(default)]
    pub(crate) reason: Option<String>,
}

impl ErrorBody {
    pub(crate) fn of(response: &Response) -> Self {
        serde_json::from_str(&response.body).unwrap_or_default()
    }

    /// The error code, if this build knows it.
    pub(crate) fn known_code(&self) -> Option<ErrorCode> {
        known(self.code.as_deref())
    }

    /// The reason for the error, if there is one that this build knows; otherwise the code.
    pub(crate) fn known_reason(&self) -> Option<ErrorCode> {
        known(self.reason.as_deref()).or_else(|| self.known_code())
    }
}

fn known(code: Option<&str>) -> Option<ErrorCode> {
    let text: StrDeserializer<'_, Error> = code?.into_deserializer();
    ErrorCode::deserialize(text).ok()
}

/// Interprets the response to a refresh that was sent at `sent_at` (milliseconds since 1970).
pub(crate) fn from_refresh(response: &Result<Response, Unreachable>, sent_at: u64) -> Reply {
    let Ok(response) = response else {
        return Reply::Unavailable(TransientError::Unreachable);
    };
    match response.status {
        200 => match serde_json::from_str::<TokenResponse>(&response.body) {
            Ok(response) => Reply::Tokens(Tokens::from_response(response, sent_at)),
            Err(_) => Reply::Unavailable(TransientError::ServerError),
        },
        400 => {
            let body = ErrorBody::of(response);
            let code = body.known_code();
            if body.error.as_deref() == Some("invalid_grant")
                || code == Some(ErrorCode::KeyMismatch)
            {
                Reply::Refused(code)
            } else {
                Reply::Unavailable(TransientError::ServerError)
            }
        }
        409 => Reply::Superseded,
        _ => Reply::Unavailable(classify(response)),
    }
}

/// Classifies a response that is neither a success nor a refusal.
pub(crate) fn classify(response: &Response) -> TransientError {
    if response.status == 429 {
        TransientError::RateLimited {
            retry_after: response.retry_after,
        }
    } else {
        TransientError::ServerError
    }
}

#[cfg(test)]
mod tests;
