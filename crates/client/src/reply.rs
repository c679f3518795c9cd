//! Interprets responses of the server. Only an explicit `invalid_grant` ends a session, or
//! `key_mismatch`, which this browser cannot recover from. Any other failure is treated as
//! transient.

use latchkey_types::{ErrorCode, TokenResponse};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

use crate::engine::{Reply, Trouble};
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
    pub(crate) fn of(incoming: &Response) -> Self {
        serde_json::from_str(&incoming.body).unwrap_or_default()
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
pub(crate) fn of_refresh(answer: &Result<Response, Unreachable>, sent_at: u64) -> Reply {
    let Ok(incoming) = answer else {
        return Reply::Unavailable(Trouble::Unreachable);
    };
    match incoming.status {
        200 => match serde_json::from_str::<TokenResponse>(&incoming.body) {
            Ok(response) => Reply::Tokens(Tokens::received(response, sent_at)),
            Err(_) => Reply::Unavailable(Trouble::Unwell),
        },
        400 => {
            let body = ErrorBody::of(incoming);
            let code = body.known_code();
            if body.error.as_deref() == Some("invalid_grant")
                || code == Some(ErrorCode::KeyMismatch)
            {
                Reply::Refused(code)
            } else {
                Reply::Unavailable(Trouble::Unwell)
            }
        }
        409 => Reply::Superseded,
        _ => Reply::Unavailable(trouble(incoming)),
    }
}

/// Classifies a response that is neither a success nor a refusal.
pub(crate) fn trouble(incoming: &Response) -> Trouble {
    if incoming.status == 429 {
        Trouble::Busy {
            retry_after: incoming.retry_after,
        }
    } else {
        Trouble::Unwell
    }
}

#[cfg(test)]
mod tests;
