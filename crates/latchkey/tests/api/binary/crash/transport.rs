//! Requests to a server that may be killed at any time.

use core::time::Duration;

use reqwest::{RequestBuilder, Response};
use serde_json::Value;

/// A running server responds within this time.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// The connection broke before the response was complete: the operation may have been done or not.
#[derive(Debug)]
pub(super) struct CutOff;

/// Sends a request and waits for the head of the response.
pub(super) async fn send(request: RequestBuilder) -> Result<Response, CutOff> {
    let response = tokio::time::timeout(RESPONSE_TIMEOUT, request.send()).await;
    response.expect("a response in time").map_err(|_| CutOff)
}

/// Sends a request and waits for the whole response.
pub(super) async fn complete(request: RequestBuilder) -> Result<Completed, CutOff> {
    let response = send(request).await?;
    let status = response.status().as_u16();
    let body = tokio::time::timeout(RESPONSE_TIMEOUT, response.text()).await;
    let body = body.expect("a body in time").map_err(|_| CutOff)?;
    Ok(Completed { status, body })
}

/// A complete response.
#[derive(Debug)]
pub(super) struct Completed {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Completed {
    /// Whether the status is `success`. If not, the response must be a refusal with this status and
    /// code.
    pub(super) fn granted(&self, success: u16, refusal: (u16, &str)) -> bool {
        if self.status == success {
            return true;
        }
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let is = |member: &str| body[member].as_str() == Some(refusal.1);
        let refused = self.status == refusal.0 && (is("error") || is("code"));
        assert!(refused, "neither {success} nor {refusal:?}: {self:?}");
        false
    }

    /// Parses the body.
    pub(super) fn read<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
