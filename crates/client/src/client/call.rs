//! A call: a request with the access token, at most one retry, and the response.

use std::rc::Rc;

use futures_channel::mpsc;
use latchkey_types::ErrorCode;

use super::{Client, Inner, Resolution};
use crate::browser::{self, since};
use crate::engine::{Cause, Event, Failure, RequestId, Trouble};
use crate::expiry::Freshness;
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
    /// There are no tokens, or no longer.
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
    TryLater(Trouble),
    /// The token is valid, but the operation requires a more recent sign-in (RFC 9470).
    #[error("this requires a recent sign-in: sign in again and repeat the call")]
    StepUp,
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
    Unreadable,
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
            Failure::TryLater(Trouble::Unreachable) => Self::Unreachable,
            Failure::TryLater(trouble) => Self::TryLater(trouble),
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
        let request = Waiting::new(&self.0, id, resolutions);
        self.0.begin(request.id);
        let mut latest = None;
        loop {
            match resolution.recv().await {
                Ok(Resolution::Send(token)) => {
                    let retry = latest.is_some();
                    let answer = self.0.exchange(&call, id, Some(&token), retry).await?;
                    let unauthorized = answer.status == 401 && !wants_step_up(&answer);
                    latest = Some(answer);
                    self.0.dispatch(Event::Answered {
                        request: request.id,
                        unauthorized,
                    });
                }
                Ok(Resolution::Deliver) => return latest.ok_or(CallError::SignedOut),
                Ok(Resolution::Fail(failure)) => {
                    if latest.is_none() {
                        self.0.tell(&Notice::NotSent {
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
fn wants_step_up(answer: &Response) -> bool {
    ErrorBody::of(answer).known_code() == Some(ErrorCode::StepUpRequired)
}

impl Inner {
    fn begin(self: &Rc<Self>, request: RequestId) {
        let tokens = self.store.read().tokens;
        let freshness = match &tokens {
            Some(tokens) if self.refresh_ahead.get() => self.freshness(tokens),
            _ => Freshness::Good(0),
        };
        let stale = freshness == Freshness::Past;
        self.dispatch(Event::Begun { request, stale });
        if freshness == Freshness::Due {
            self.dispatch(Event::Wanted(Cause::AheadOfExpiry));
        }
    }

    /// Sends one request and notifies the observers of it and of the response.
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
        let began = browser::monotonic_clock();
        self.tell(&Notice::Sent(exchange.clone()));
        let answer = self
            .transport
            .send(Request {
                method: call.method,
                path: call.path.clone(),
                headers,
                body: call.json.clone(),
                keepalive: false,
            })
            .await;
        let code = match &answer {
            Ok(incoming) if incoming.status >= 400 => ErrorBody::of(incoming).code,
            _ => None,
        };
        self.tell(&Notice::Answered {
            exchange,
            status: answer.as_ref().ok().map(|incoming| incoming.status),
            code,
            millis: since(began),
        });
        self.remember_nonce(&answer);
        self.heard(&answer);
        answer
    }
}

/// A call in progress. The engine forgets the call when this is dropped.
struct Waiting {
    inner: Rc<Inner>,
    id: RequestId,
}

impl Waiting {
    fn new(inner: &Rc<Inner>, id: u64, resolutions: mpsc::UnboundedSender<Resolution>) -> Self {
        let id = RequestId(id);
        inner.waiting.borrow_mut().push((id, resolutions));
        Self {
            inner: Rc::clone(inner),
            id,
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.inner
            .waiting
            .borrow_mut()
            .retain(|(id, _)| *id != self.id);
        self.inner.dispatch(Event::Dropped { request: self.id });
    }
}
