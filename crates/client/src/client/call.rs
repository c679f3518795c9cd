//! A call: a request with the access token, at most one retry, and the response.

use std::rc::Rc;

use futures_channel::mpsc;
use latchkey_types::ErrorCode;

use super::{Client, Inner, Resolution};
use crate::browser::{self, since};
use crate::engine::{Cause, Event, Failure, RequestId, TransientError};
use crate::expiry::ExpiryStatus;
use crate::notice::{Exchange, Notice};
use crate::reply::ErrorBody;
use crate::transport::{Method, Request, Response, Unreachable};

/// A request to the API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// The HTTP method.
    pub method: Method,
    /// A path on this origin.
    pub path: String,
    /// Attach the access token; refresh and retry if needed.
    pub with_token: bool,
    /// The body, as JSON text.
    pub json: Option<String>,
}

/// Why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// There are no tokens, or they were removed during the call.
    #[error("not signed in: sign in and call again")]
    SignedOut,
    /// Another user signed in during the call.
    #[error("another user signed in during the call: reload the data and call again")]
    AccountChanged,
    /// The server did not respond.
    #[error("the server cannot be reached: try again later")]
    Unreachable,
    /// The access token must be refreshed, which is not possible right now.
    #[error("the access token cannot be refreshed right now ({0:?}): try again later")]
    TryLater(TransientError),
    /// The token is valid, but the operation requires a more recent sign-in (RFC 9470).
    #[error("this requires a recent sign-in: sign in again and repeat the call")]
    StepUpRequired,
    /// The server responded with an error.
    #[error("the server responded with status {status}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// The error code in the body.
        code: Option<ErrorCode>,
    },
    /// The body of the response does not have the expected form.
    #[error("unexpected response from the server: this page may be outdated, reload it")]
    InvalidResponse,
}

impl From<Unreachable> for CallError {
    fn from(_: Unreachable) -> Self {
        Self::Unreachable
    }
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::SignedOut => Self::SignedOut,
            Failure::AccountChanged => Self::AccountChanged,
            Failure::TryLater(TransientError::Unreachable) => Self::Unreachable,
            Failure::TryLater(error) => Self::TryLater(error),
        }
    }
}

impl Call {
    /// A `GET` request with the access token.
    pub fn get(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            with_token: true,
            ..Self::default()
        }
    }

    /// A `DELETE` request with the access token.
    pub fn delete(path: &str) -> Self {
        Self {
            method: Method::Delete,
            ..Self::get(path)
        }
    }

    /// A `POST` request with the access token and a JSON body.
    pub fn post(path: &str, body: &impl serde::Serialize) -> Self {
        Self {
            method: Method::Post,
            json: serde_json::to_string(body).ok(),
            ..Self::get(path)
        }
    }

    /// A `GET` request without the access token.
    pub fn anonymous(path: &str) -> Self {
        Self {
            with_token: false,
            ..Self::get(path)
        }
    }
}

impl Client {
    /// Sends a request and returns the response, whatever its status. If the request carries the
    /// access token, a 401 causes one refresh, which concurrent calls share, and one retry. A 401
    /// that requires a recent sign-in (RFC 9470) is returned as it is, because a refresh cannot
    /// satisfy it.
    pub async fn call(&self, call: Call) -> Result<Response, CallError> {
        let id = self.0.next_id();
        if !call.with_token {
            return Ok(self.0.exchange(&call, id, None, false).await?);
        }
        let (resolutions, mut resolution) = mpsc::unbounded();
        let request = PendingCall::new(&self.0, id, resolutions);
        self.0.start_request(request.id);
        let mut latest = None;
        loop {
            match resolution.recv().await {
                Ok(Resolution::Send(token)) => {
                    let retry = latest.is_some();
                    let response = self.0.exchange(&call, id, Some(&token), retry).await?;
                    let unauthorized = response.status == 401 && !requires_step_up(&response);
                    latest = Some(response);
                    self.0.dispatch(Event::ResponseReceived {
                        request: request.id,
                        unauthorized,
                    });
                }
                Ok(Resolution::Deliver) => return latest.ok_or(CallError::SignedOut),
                Ok(Resolution::Fail(failure)) => {
                    if latest.is_none() {
                        self.0.notify(&Notice::NotSent {
                            method: call.method,
                            path: call.path,
                        });
                    }
                    return Err(failure.into());
                }
                Err(_) => return Err(CallError::SignedOut),
            }
        }
    }
}

/// Whether the response requires a new sign-in rather than a new token (RFC 9470 §3).
fn requires_step_up(response: &Response) -> bool {
    ErrorBody::of(response).known_code() == Some(ErrorCode::StepUpRequired)
}

impl Inner {
    fn start_request(self: &Rc<Self>, request: RequestId) {
        let tokens = self.storage.read().tokens;
        let expiry_status = match &tokens {
            Some(tokens) if self.refresh_before_expiry.get() => self.expiry_status(tokens),
            _ => ExpiryStatus::Fresh(0),
        };
        let stale = expiry_status == ExpiryStatus::Expired;
        self.dispatch(Event::RequestStarted { request, stale });
        if expiry_status == ExpiryStatus::Due {
            self.dispatch(Event::RefreshRequested(Cause::Automatic));
        }
    }

    /// Sends one request. The observers are notified of the request and of the response.
    async fn exchange(
        self: &Rc<Self>,
        call: &Call,
        id: u64,
        token: Option<&str>,
        retry: bool,
    ) -> Result<Response, Unreachable> {
        let exchange = Exchange {
            call: id,
            method: call.method,
            path: call.path.clone(),
            with_token: token.is_some(),
            retry,
        };
        let mut headers = match token {
            Some(token) => {
                let key = self.key_name();
                self.authorization(call.method, &call.path, token, key.as_deref())
                    .await
            }
            None => Vec::new(),
        };
        if call.json.is_some() {
            headers.push(("Content-Type", "application/json".to_owned()));
        }
        let started_at = browser::monotonic_clock();
        self.notify(&Notice::Sent(exchange.clone()));
        let response = self
            .transport
            .send(Request {
                method: call.method,
                path: call.path.clone(),
                headers,
                body: call.json.clone(),
                keepalive: false,
            })
            .await;
        let code = match &response {
            Ok(response) if response.status >= 400 => ErrorBody::of(response).code,
            _ => None,
        };
        self.notify(&Notice::Received {
            exchange,
            status: response.as_ref().ok().map(|response| response.status),
            code,
            millis: since(started_at),
        });
        self.remember_nonce(&response);
        self.record_outcome(&response);
        response
    }
}

/// A call in progress. The engine forgets the call when this is dropped.
struct PendingCall {
    inner: Rc<Inner>,
    id: RequestId,
}

impl PendingCall {
    fn new(inner: &Rc<Inner>, id: u64, resolutions: mpsc::UnboundedSender<Resolution>) -> Self {
        let id = RequestId(id);
        inner.pending_calls.borrow_mut().push((id, resolutions));
        Self {
            inner: Rc::clone(inner),
            id,
        }
    }
}

impl Drop for PendingCall {
    fn drop(&mut self) {
        self.inner
            .pending_calls
            .borrow_mut()
            .retain(|(id, _)| *id != self.id);
        self.inner
            .dispatch(Event::RequestDropped { request: self.id });
    }
}
