//! Requests to a server that may die at any moment.

use core::time::Duration;

use reqwest::{RequestBuilder, Response};
use serde_json::Value;

/// A server that lives answers sooner.
const PATIENCE: Duration = Duration::from_secs(30);

/// The connection broke before the answer was complete: the server may have acted or not.
#[derive(Debug)]
pub(super) struct CutOff;

/// Sends a request; the head of the answer.
pub(super) async fn send(request: RequestBuilder) -> Result<Response, CutOff> {
    let answer = tokio::time::timeout(PATIENCE, request.send()).await;
    answer.expect("an answer in time").map_err(|_| CutOff)
}

/// Sends a request; the whole answer.
pub(super) async fn ask(request: RequestBuilder) -> Result<Answer, CutOff> {
    let response = send(request).await?;
    let status = response.status().as_u16();
    let body = tokio::time::timeout(PATIENCE, response.text()).await;
    let body = body.expect("a body in time").map_err(|_| CutOff)?;
    Ok(Answer { status, body })
}

/// An answer that came whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Answer {
    /// Whether it is this success. Otherwise it must be this refusal, by status and code.
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

    /// The body, which must be this.
    pub(super) fn read<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
