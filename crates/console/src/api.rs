//! Requests to the administration API, and why they fail.

use latchkey_types::ErrorCode;
use leptos::prelude::Set as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::host::{Host, Reply};

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The user must first sign in again (RFC 9470).
    StepUp,
    /// The server refused the request.
    Refused {
        /// What is wrong.
        detail: String,
        /// What is wrong with a field of the request.
        fields: Vec<FieldError>,
    },
    /// Anything else, as a message for the user.
    Other(String),
}

/// What is wrong with a field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct FieldError {
    /// The name of the field.
    pub(crate) field: String,
    /// What is wrong with its value.
    pub(crate) message: String,
}

/// The members of a problem document (RFC 9457) that the console uses.
#[derive(Deserialize)]
struct Problem {
    detail: String,
    code: Option<String>,
    request_id: Option<String>,
    #[serde(default)]
    fields: Vec<FieldError>,
}

impl Failure {
    /// The message for the user.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::StepUp => "Sign in again to continue.".to_owned(),
            Self::Refused { detail, .. } => sentence(detail),
            Self::Other(message) => message.clone(),
        }
    }
}

/// Requests `path` and decodes the response.
pub(crate) async fn get<T: DeserializeOwned>(host: Host, path: &str) -> Result<T, Failure> {
    decode(&text(host, path).await?)
}

/// Requests `path` and returns the response as text.
pub(crate) async fn text(host: Host, path: &str) -> Result<String, Failure> {
    success(host, host.call("GET", path, None).await)
}

/// Sends a request without a body.
pub(crate) async fn send(host: Host, method: &str, path: &str) -> Result<(), Failure> {
    success(host, host.call(method, path, None).await).map(drop)
}

/// Sends a request with a body.
pub(crate) async fn send_json(
    host: Host,
    method: &str,
    path: &str,
    body: &impl Serialize,
) -> Result<(), Failure> {
    let json = serde_json::to_string(body).unwrap_or_default();
    success(host, host.call(method, path, Some(json)).await).map(drop)
}

/// Sends a request that creates something, and decodes the response.
pub(crate) async fn create<T: DeserializeOwned>(
    host: Host,
    path: &str,
    body: &impl Serialize,
) -> Result<T, Failure> {
    let json = serde_json::to_string(body).unwrap_or_default();
    decode(&success(host, host.call("POST", path, Some(json)).await)?)
}

/// Sends a request without a body that creates something, and decodes the response.
pub(crate) async fn post<T: DeserializeOwned>(host: Host, path: &str) -> Result<T, Failure> {
    decode(&success(host, host.call("POST", path, None).await)?)
}

fn decode<T: DeserializeOwned>(body: &str) -> Result<T, Failure> {
    serde_json::from_str(body)
        .map_err(|_| Failure::Other("This page is out of date. Reload it.".to_owned()))
}

fn success(host: Host, reply: Result<Reply, String>) -> Result<String, Failure> {
    let reply = reply.map_err(Failure::Other)?;
    if (200..300).contains(&reply.status) {
        host.needs_step_up.try_set(false);
        return Ok(reply.body);
    }
    let failure = failure(&reply);
    if failure == Failure::StepUp {
        host.needs_step_up.try_set(true);
    }
    Err(failure)
}

fn failure(reply: &Reply) -> Failure {
    let Ok(problem) = serde_json::from_str::<Problem>(&reply.body) else {
        return Failure::Other(format!(
            "The server returned an error (status {}). Try again in a minute.",
            reply.status
        ));
    };
    if problem.code.as_deref() == Some(ErrorCode::StepUpRequired.as_str()) {
        return Failure::StepUp;
    }
    let is_internal = problem.code.as_deref() == Some(ErrorCode::Internal.as_str());
    let detail = match problem.request_id {
        // The message says that the cause is in the log under this id.
        Some(id) if is_internal => format!("{} ({id})", problem.detail),
        _ => problem.detail,
    };
    Failure::Refused {
        detail,
        fields: problem.fields,
    }
}

/// A message with a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    let mut sentence: String = first.to_uppercase().collect();
    sentence.push_str(letters.as_str());
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure_of(status: u16, body: &str) -> Failure {
        failure(&Reply {
            status,
            body: body.to_owned(),
        })
    }

    #[test]
    fn problem_is_shown_with_its_detail() {
        let refused = failure_of(
            422,
            r#"{"detail":"the request is invalid","code":"x","fields":[{"field":"reason","message":"empty"}]}"#,
        );
        assert_eq!(refused.message(), "The request is invalid.");
        let Failure::Refused { fields, .. } = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(fields[0].field, "reason");
    }

    #[test]
    fn old_sign_in_needs_a_step_up() {
        let body = r#"{"detail":"too long ago","code":"step_up_required"}"#;
        assert_eq!(failure_of(401, body), Failure::StepUp);
    }

    #[test]
    fn internal_error_is_shown_with_its_request_id() {
        let body = r#"{"detail":"see request id","code":"internal","request_id":"r1"}"#;
        assert_eq!(failure_of(500, body).message(), "See request id (r1).");
        let body = r#"{"detail":"try again","code":"timeout","request_id":"r1"}"#;
        assert_eq!(failure_of(503, body).message(), "Try again.");
    }

    #[test]
    fn response_other_than_a_problem_document_is_reported_with_its_status() {
        for body in ["", "<html>", "{}"] {
            let message = failure_of(502, body).message();
            assert!(message.starts_with("The server returned an error (status 502)."));
        }
    }
}
