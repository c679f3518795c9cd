//! A call: a request with the access token, its one retry, and the answer.

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

/// What to call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// A path of this origin.
    pub path: String,
    /// Attach the access token, and refresh and retry as needed.
    pub with_token: bool,
    /// A body, as JSON.
    pub json: Option<String>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No tokens (any more).
    #[error("not signed in: sign in and call again")]
    SignedOut,
    /// Another account signed in while the call was under way.
    #[error("another account signed in meanwhile: look what it may see and call again")]
    AccountChanged,
    /// The server did not answer.
    #[error("the server cannot be reached: try again later")]
    Unreachable,
    /// A fresh access token is needed and cannot be had right now.
    #[error("the access token cannot be refreshed right now ({0:?}): try again later")]
    TryLater(Trouble),
    /// The token is good, but the person proved who they are too long ago for this (RFC 9470).
    #[error("this needs a recent sign-in: sign in again, then repeat")]
    StepUp,
    /// It answered with an error.
    #[error("the server answered {status}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// The code in its body.
        code: Option<ErrorCode>,
    },
    /// It answered with something that is not what was asked for.
    #[error(
        "the answer is not of the expected form: is this page older than the server? Reload it"
    )]
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
    /// A `GET` with the access token.
    pub fn get(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            with_token: true,
            ..Self::default()
        }
    }

    /// A `DELETE` with the access token.
    pub fn delete(path: &str) -> Self {
        Self {
            method: Method::Delete,
            ..Self::get(path)
        }
    }

    /// A `GET` without.
    pub fn anonymous(path: &str) -> Self {
        Self {
            with_token: false,
            ..Self::get(path)
        }
    }
}

impl Client {
    /// Calls; an answer of any status is an answer. With a token, a 401 leads to one refresh,
    /// shared with all other calls, and one retry; unless it asks for a recent sign-in, which no
    /// refresh brings.
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

/// RFC 9470 §3, by our own code: what it needs is a new sign-in, not a new token.
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

    /// One request and its answer.
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

/// A call under way: the engine forgets it when nobody waits for it any more.
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
