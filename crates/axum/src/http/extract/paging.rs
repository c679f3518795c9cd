//! The query of a paginated list.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use latchkey_store::ListCursor;

use super::Form;
use crate::http::error::ApiError;

/// The default number of items in a response.
const DEFAULT_LIMIT: usize = 50;
/// The maximum number of items in a response.
const MAX_LIMIT: usize = 100;

/// Which page to read, and the other parameters of the query.
pub(crate) struct Paging {
    /// Where the page begins.
    pub(crate) before: Option<ListCursor>,
    /// The maximum number of items.
    pub(crate) limit: usize,
    /// All parameters.
    pub(crate) query: Form,
}

impl Paging {
    pub(crate) fn parse(query: &str) -> Result<Self, ApiError> {
        let query = Form::parse(query.as_bytes())?;
        let before = query.get("before").map(str::parse).transpose();
        let before = before.map_err(|error: latchkey_store::InvalidCursor| {
            ApiError::InvalidRequest(error.to_string())
        })?;
        let limit = limit(&query)?;
        Ok(Self {
            before,
            limit,
            query,
        })
    }
}

/// The value of `limit`, at most 100.
pub(crate) fn limit(query: &Form) -> Result<usize, ApiError> {
    match query.get("limit").map(str::parse) {
        None => Ok(DEFAULT_LIMIT),
        Some(Ok(limit @ 1..)) => Ok(MAX_LIMIT.min(limit)),
        Some(_) => {
            let text = "limit must be a whole number, at least 1".to_owned();
            Err(ApiError::InvalidRequest(text))
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}
