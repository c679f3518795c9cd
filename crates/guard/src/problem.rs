//! Error responses in the form of RFC 9457 (problem details).

use core::hash::BuildHasher as _;
use core::sync::atomic::{AtomicU64, Ordering};
use std::fmt;
use std::hash::RandomState;
use std::sync::LazyLock;

use axum::Json;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use latchkey_types::{ErrorCode, FieldError, Problem};

/// The header that carries a [`RequestId`].
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The maximum length of an id from a proxy, in bytes.
const MAX_LENGTH: usize = 128;

/// Identifies a request in its response and in the log. It contains no other information.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// Creates a random id of 16 hexadecimal digits. It is unique, but not secret.
    #[must_use]
    pub fn random() -> Self {
        static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        static COUNT: AtomicU64 = AtomicU64::new(0);
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        // A keyed hash of a counter, because the system's random numbers cost much more and ids
        // need not be unpredictable.
        let hash = KEY.hash_one(COUNT.fetch_add(1, Ordering::Relaxed));
        let mut text = [0; 16];
        for (pair, byte) in text.chunks_exact_mut(2).zip(hash.to_be_bytes()) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        let text = Bytes::copy_from_slice(&text);
        Self(HeaderValue::from_maybe_shared(text).unwrap_or_else(|_| HeaderValue::from_static("-")))
    }

    /// Accepts an id from a trusted proxy: 1 to 128 characters, each a letter, a digit or one of
    /// `-._~:/+=@`. `None` for other values, which might not be safe in a log.
    #[must_use]
    pub fn accept(value: &HeaderValue) -> Option<Self> {
        let bytes = value.as_bytes();
        let is_safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:/+=@".contains(byte);
        let accepted = (1..=MAX_LENGTH).contains(&bytes.len()) && bytes.iter().all(is_safe);
        accepted.then(|| Self(value.clone()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// The id as the value of the header [`REQUEST_ID`].
    pub fn into_header(self) -> HeaderValue {
        self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Builds a complete error response, with status, problem details and request id. Caches must not
/// store the response.
pub fn problem(
    status: StatusCode,
    code: ErrorCode,
    detail: String,
    request_id: &RequestId,
) -> Response {
    problem_with_fields(status, code, detail, Vec::new(), request_id)
}

/// Like [`problem`], but also reports errors in individual fields of the request.
pub fn problem_with_fields(
    status: StatusCode,
    code: ErrorCode,
    detail: String,
    fields: Vec<FieldError>,
    request_id: &RequestId,
) -> Response {
    let problem = Problem {
        kind: "about:blank".to_owned(),
        title: status.canonical_reason().unwrap_or("Error").to_owned(),
        status: status.as_u16(),
        detail,
        code,
        request_id: request_id.as_str().to_owned(),
        fields,
    };
    let mut response = (status, Json(problem)).into_response();
    let headers = response.headers_mut();
    let media_type = HeaderValue::from_static("application/problem+json");
    headers.insert(CONTENT_TYPE, media_type);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REQUEST_ID, request_id.clone().into_header());
    response
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn random_ids_differ_and_are_accepted_from_a_proxy() {
        let ids: HashSet<String> = (0..1000)
            .map(|_| RequestId::random())
            .inspect(|id| {
                assert_eq!(
                    RequestId::accept(&id.clone().into_header()).as_ref(),
                    Some(id)
                );
            })
            .map(|id| id.to_string())
            .collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| id.len() == 16), "{ids:?}");
    }

    #[test]
    fn ids_that_could_forge_a_log_line_are_not_accepted() {
        let long = "x".repeat(MAX_LENGTH + 1);
        for text in ["", "a b", "a\"b", "a,b", "a{b}", "a\tb", &long] {
            let value = HeaderValue::from_str(text).expect("a header");
            assert_eq!(RequestId::accept(&value), None, "{text:?}");
        }
        let value = HeaderValue::from_bytes("é".as_bytes()).expect("a header");
        assert_eq!(RequestId::accept(&value), None);
        for text in [
            "a",
            "Root=1-67891233-abcdef012345678912345678",
            "7b9f:0a/+.~_-@",
        ] {
            let value = HeaderValue::from_str(text).expect("a header");
            let id = RequestId::accept(&value).expect("an id");
            assert_eq!(id.as_str(), text);
        }
    }
}
