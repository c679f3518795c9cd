//! Forms (`application/x-www-form-urlencoded`) as OAuth requires them.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse as _;
use url::form_urlencoded;

use crate::http::error::ApiError;

const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// The parameters of a form. A repeated parameter makes the request invalid, and an empty one
/// counts as omitted (RFC 6749 §3.1, §3.2).
#[derive(Clone, Debug)]
pub(crate) struct Form(BTreeMap<String, String>);

impl Form {
    /// The parameter with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The parameter with this name, or an error if it is missing.
    pub(crate) fn require(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name)
            .ok_or_else(|| ApiError::InvalidRequest(format!("the parameter {name} is missing")))
    }

    /// Parses the parameters of a query or a body.
    pub(crate) fn parse(encoded: &[u8]) -> Result<Self, ApiError> {
        let mut parameters = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(encoded) {
            let name = name.into_owned();
            if parameters
                .insert(name.clone(), value.into_owned())
                .is_some()
            {
                return Err(ApiError::InvalidRequest(
                    "a parameter is repeated; send each once".to_owned(),
                ));
            }
        }
        parameters.retain(|_, value| !value.is_empty());
        Ok(Self(parameters))
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !has_media_type(request.headers(), MEDIA_TYPE) {
            // RFC 6749 §5.2 requires the status 400 for this.
            return Err(ApiError::InvalidRequest(format!(
                "the request body must be {MEDIA_TYPE}"
            )));
        }
        Self::parse(&body(request, state).await?)
    }
}

/// Whether the body has this media type. Parameters such as `charset` are ignored.
pub(super) fn has_media_type(headers: &HeaderMap, media_type: &str) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case(media_type))
}

/// Reads the whole body, up to the limit.
pub(super) async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
    Bytes::from_request(request, state)
        .await
        .map_err(|rejection| match rejection.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::PayloadTooLarge,
            _ => ApiError::InvalidRequest("the request body is incomplete".to_owned()),
        })
}
