//! The loop around the engine: feeds it events and executes its commands.

use core::future::Future;
use core::pin::Pin;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use latchkey_types::{ErrorCode, paths};
use wasm_bindgen_futures::spawn_local;

use super::dpop_flow::PostOutcome;
use super::{Inner, Resolution};
use crate::engine::{Cause, Command, Event, Progress, Reply, RequestId};
use crate::expiry::{Deadline, ExpiryStatus};
use crate::notice::Notice;
use crate::session::{EndReason, SessionState};
use crate::tokens::Tokens;
use crate::transport::{Method, Request, Unreachable};
use crate::{backoff, browser, lock, reply, sign_in};

/// The longest delay of a browser timer, in milliseconds.
const MAX_TIMER_DELAY: u64 = 0x7fff_ffff;

impl Inner {
    /// Processes an event, or queues it if another event is being processed.
    pub(super) fn dispatch(self: &Rc<Self>, event: Event) {
        self.events.borrow_mut().push_back(event);
        if self.dispatching.replace(true) {
            return;
        }
        loop {
            let event = self.events.borrow_mut().pop_front();
            let Some(event) = event else { break };
            let stored = self.storage.read();
            let commands = self.engine.borrow_mut().step(event, &stored);
            for command in commands {
                self.run(command);
            }
        }
        self.dispatching.set(false);
        self.sync_from_storage();
    }

    fn run(self: &Rc<Self>, command: Command) {
        match command {
            Command::Send {
                request,
                access_token,
            } => self.resolve(request, Resolution::Send(access_token)),
            Command::Deliver { request } => self.resolve(request, Resolution::Deliver),
            Command::Fail { request, failure } => self.resolve(request, Resolution::Fail(failure)),
            Command::Lock => self.acquire_lock(),
            Command::Unlock => drop(self.lock.borrow_mut().take()),
            Command::StoreIdempotencyKey(pending) => self.storage.set_pending(&pending),
            Command::RemoveIdempotencyKey => self.storage.clear_pending(),
            Command::Post { refresh_token, key } => self.post(refresh_token, key),
            Command::StoreTokens(tokens) => self.storage.set_tokens(&tokens),
            Command::RemoveTokens => {
                self.storage.clear_tokens();
                self.remove_unused_keys();
                self.update_subscription();
                // Record that the removal is reported here; otherwise `sync_from_storage` would
                // report that another tab removed the tokens. The engine reports the reason next.
                self.reported_tokens.borrow_mut().take();
                self.notify(&Notice::Tokens(None));
            }
            Command::BackOff { attempt, at_least } => self.back_off(attempt, at_least),
            Command::Report(progress) => self.report(progress),
        }
    }

    fn resolve(&self, request: RequestId, resolution: Resolution) {
        let waiting = self.pending_calls.borrow();
        if let Some((_, waiting)) = waiting.iter().find(|(id, _)| *id == request) {
            let _ = waiting.unbounded_send(resolution);
        }
    }

    fn acquire_lock(self: &Rc<Self>) {
        let this = Rc::clone(self);
        spawn_local(async move {
            let guard = lock::acquire().await;
            *this.lock.borrow_mut() = Some(guard);
            let fresh_key = browser::random_id();
            this.dispatch(Event::LockAcquired { fresh_key });
        });
    }

    fn post(self: &Rc<Self>, refresh_token: String, idempotency_key: String) {
        let lifetime = self
            .access_lifetime
            .get()
            .map(|lifetime| lifetime.to_string());
        let mut pairs = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", &*refresh_token),
        ];
        if let Some(lifetime) = &lifetime {
            pairs.push(("expires_in", lifetime));
        }
        let (wall, monotonic) = (browser::wall_clock(), browser::monotonic_clock());
        let request = Request {
            method: Method::Post,
            path: paths::TOKEN.to_owned(),
            headers: vec![sign_in::form_header(), ("Idempotency-Key", idempotency_key)],
            body: Some(sign_in::form(&pairs)),
            keepalive: false,
        };
        let key = self.key_name();
        let response: Pin<Box<dyn Future<Output = PostOutcome>>> = if let Some(key) = key.clone() {
            let this = Rc::clone(self);
            Box::pin(async move { this.post_with_proof(&key, &refresh_token, request).await })
        } else {
            let response = self.transport.send(request);
            Box::pin(async move { Ok(response.await) })
        };
        let this = Rc::clone(self);
        spawn_local(async move {
            let (mut reply, response) = match response.await {
                Ok(response) => (reply::from_refresh(&response, wall), response),
                Err(reply) => (reply, Err(Unreachable)),
            };
            let status = response.ok().map(|response| response.status);
            this.refresh_outcome
                .set((status, browser::since(monotonic)));
            if let Reply::Tokens(tokens) = &mut reply {
                tokens.nonce = this.nonce.borrow().clone().filter(|_| key.is_some());
                tokens.key = key;
                let deadline = Deadline::from_response(tokens, monotonic);
                *this.deadline.borrow_mut() = Some(deadline);
            }
            this.dispatch(Event::Replied(reply));
        });
    }

    fn back_off(self: &Rc<Self>, attempt: u32, at_least: u32) {
        let delay = backoff::delay(attempt, at_least, browser::jitter());
        let this = Rc::downgrade(self);
        let timer = Timeout::new(delay, move || {
            if let Some(this) = this.upgrade() {
                this.dispatch(Event::RetryDue);
            }
        });
        *self.backoff_timer.borrow_mut() = Some(timer);
    }

    fn report(self: &Rc<Self>, progress: Progress) {
        let (status, millis) = match progress {
            Progress::Started => (None, 0),
            _ => self.refresh_outcome.take(),
        };
        self.notify(&Notice::Refresh {
            progress,
            status,
            millis,
        });
        match progress {
            Progress::Started => return,
            Progress::Delayed(error) => self.outages.borrow_mut().refresh = Some(error),
            _ => self.outages.borrow_mut().refresh = None,
        }
        self.report_outage();
        if matches!(progress, Progress::Delayed(_)) {
            return;
        }
        let end_code = self.end_code.take();
        if let Progress::Ended(code) = progress {
            self.notify(&Notice::Ended(match code {
                Some(ErrorCode::KeyMismatch) => EndReason::KeyLost,
                // The event stream may have given a more precise reason.
                None | Some(ErrorCode::SessionEnded) => EndReason::ByServer(end_code.or(code)),
                _ => EndReason::ByServer(code),
            }));
        }
    }

    /// Reads storage, notifies the observers of changes, and sets the timer for the next refresh.
    pub(super) fn sync_from_storage(self: &Rc<Self>) {
        if self.dispatching.get() {
            return;
        }
        let tokens = self.storage.read().tokens;
        let previous = self.reported_tokens.replace(tokens.clone());
        if previous != tokens {
            self.adopt_nonce(tokens.as_ref());
            self.notify(&Notice::Tokens(tokens.clone()));
            self.update_subscription();
            if tokens.is_none() {
                self.notify(&Notice::Ended(EndReason::Elsewhere));
            }
        }
        let is_transitional = matches!(
            self.state.get(),
            SessionState::SigningIn | SessionState::SigningOut
        );
        if !is_transitional {
            self.set_state(if tokens.is_some() {
                SessionState::SignedIn
            } else {
                SessionState::SignedOut
            });
        }
        self.schedule(tokens.as_ref());
    }

    /// Whether the stored access token is fresh, due for a refresh, or expired.
    pub(super) fn expiry_status(&self, tokens: &Tokens) -> ExpiryStatus {
        let now = browser::monotonic_clock();
        let mut deadline = self.deadline.borrow_mut();
        let known = deadline.take().filter(|known| known.is_for(tokens));
        deadline
            .insert(
                known.unwrap_or_else(|| Deadline::from_storage(tokens, browser::wall_clock(), now)),
            )
            .status(now)
    }

    /// Shortens the deadline if less time is left according to the wall clock. In some browsers
    /// the monotonic clock stops while the machine sleeps.
    pub(super) fn shorten_deadline(&self) {
        let Some(tokens) = self.storage.read().tokens else {
            return;
        };
        let found =
            Deadline::from_storage(&tokens, browser::wall_clock(), browser::monotonic_clock());
        let mut deadline = self.deadline.borrow_mut();
        let known = deadline.take().filter(|known| known.is_for(&tokens));
        *deadline = Some(match known {
            Some(known) => known.or_earlier(&found),
            None => found,
        });
    }

    /// Requests a refresh if it is due; otherwise sets the timer.
    pub(super) fn check_expiry(self: &Rc<Self>) {
        let tokens = self.storage.read().tokens;
        if let (true, Some(tokens)) = (self.refresh_before_expiry.get(), &tokens)
            && !matches!(self.expiry_status(tokens), ExpiryStatus::Fresh(_))
        {
            self.dispatch(Event::RefreshRequested(Cause::Automatic));
        }
        self.schedule(tokens.as_ref());
    }

    fn schedule(self: &Rc<Self>, tokens: Option<&Tokens>) {
        let delay = match tokens {
            Some(tokens) if self.refresh_before_expiry.get() => match self.expiry_status(tokens) {
                ExpiryStatus::Fresh(millis) => Some(millis.min(MAX_TIMER_DELAY)),
                // Due now, unless a refresh is in progress or backing off.
                ExpiryStatus::Due | ExpiryStatus::Expired => {
                    let engine = self.engine.borrow();
                    (!engine.is_refreshing() && !engine.is_backing_off()).then_some(0)
                }
            },
            _ => None,
        };
        let this = Rc::downgrade(self);
        let timer = delay.map(|millis| {
            Timeout::new(u32::try_from(millis).unwrap_or(u32::MAX), move || {
                if let Some(this) = this.upgrade() {
                    this.check_expiry();
                }
            })
        });
        *self.expiry_timer.borrow_mut() = timer;
    }
}
