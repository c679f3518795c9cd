//! JSON bodies.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::form::{body, has_media_type};
use crate::http::error::ApiError;

const MEDIA_TYPE: &str = "application/json";

/// A JSON body; `None` if there is no body at all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OptionalJson<T>(pub Option<T>);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for OptionalJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let is_json = has_media_type(request.headers(), MEDIA_TYPE);
        let bytes = body(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        if !is_json {
            return Err(ApiError::UnsupportedMediaType(MEDIA_TYPE));
        }
        serde_json::from_slice(&bytes)
            .map(|value| Self(Some(value)))
            .map_err(|error| ApiError::InvalidRequest(describe(&error)))
    }
}

/// The kind and position of the error, but never the content, which may be a token.
fn describe(error: &serde_json::Error) -> String {
    let problem = match error.classify() {
        Category::Data => "does not have the expected members",
        Category::Eof => "ends before its JSON is complete",
        Category::Syntax | Category::Io => "is not valid JSON",
    };
    let (line, column) = (error.line(), error.column());
    format!("the body {problem}; see line {line}, column {column}")
}
