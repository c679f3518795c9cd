//! The loop around the engine: feeds it events and executes its commands.

use core::future::Future;
use core::pin::Pin;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use latchkey_types::{ErrorCode, paths};
use wasm_bindgen_futures::spawn_local;

use super::dpop_flow::Posted;
use super::{Inner, Resolution};
use crate::engine::{Cause, Command, Event, Progress, Reply, RequestId};
use crate::expiry::{Deadline, Freshness};
use crate::notice::Notice;
use crate::session::{EndReason, SessionState};
use crate::tokens::Tokens;
use crate::transport::{Method, Request, Unreachable};
use crate::{backoff, browser, lock, reply, sign_in};

/// The longest delay of a browser timer, in milliseconds.
const LONGEST_TIMER: u64 = 0x7fff_ffff;

impl Inner {
    /// Processes an event, or queues it if another event is being processed.
    pub(super) fn dispatch(self: &Rc<Self>, event: Event) {
        self.events.borrow_mut().push_back(event);
        if self.busy.replace(true) {
            return;
        }
        loop {
            let event = self.events.borrow_mut().pop_front();
            let Some(event) = event else { break };
            let stored = self.store.read();
            let commands = self.engine.borrow_mut().step(event, &stored);
            for command in commands {
                self.run(command);
            }
        }
        self.busy.set(false);
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
            Command::Lock => self.take_lock(),
            Command::Unlock => drop(self.lock.borrow_mut().take()),
            Command::RememberKey(pending) => self.store.set_pending(&pending),
            Command::ForgetKey => self.store.clear_pending(),
            Command::Post { refresh_token, key } => self.post(refresh_token, key),
            Command::StoreTokens(tokens) => self.store.set_tokens(&tokens),
            Command::ClearTokens => {
                self.store.clear_tokens();
                self.forget_browser_keys();
                self.follow();
                // The engine reports the reason next. Without this, `sync_from_storage` would report that
                // another tab removed the tokens.
                self.seen.borrow_mut().take();
                self.tell(&Notice::Tokens(None));
            }
            Command::BackOff { attempt, at_least } => self.back_off(attempt, at_least),
            Command::Tell(progress) => self.report(progress),
        }
    }

    fn resolve(&self, request: RequestId, resolution: Resolution) {
        let waiting = self.waiting.borrow();
        if let Some((_, waiting)) = waiting.iter().find(|(id, _)| *id == request) {
            let _ = waiting.unbounded_send(resolution);
        }
    }

    fn take_lock(self: &Rc<Self>) {
        let this = Rc::clone(self);
        spawn_local(async move {
            let held = lock::acquire().await;
            *this.lock.borrow_mut() = Some(held);
            let fresh_key = browser::random_key();
            this.dispatch(Event::Locked { fresh_key });
        });
    }

    fn post(self: &Rc<Self>, refresh_token: String, key: String) {
        let life = self.access_life.get().map(|life| life.to_string());
        let mut pairs = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", &*refresh_token),
        ];
        if let Some(life) = &life {
            pairs.push(("expires_in", life));
        }
        let (wall, monotonic) = (browser::wall_clock(), browser::monotonic_clock());
        let outgoing = Request {
            method: Method::Post,
            path: paths::TOKEN.to_owned(),
            headers: vec![sign_in::form_header(), ("Idempotency-Key", key)],
            body: Some(sign_in::form(&pairs)),
            keepalive: false,
        };
        let key = self.key_name();
        let answer: Pin<Box<dyn Future<Output = Posted>>> = if let Some(key) = key.clone() {
            let this = Rc::clone(self);
            Box::pin(async move { this.post_proven(&key, &refresh_token, outgoing).await })
        } else {
            let answer = self.transport.send(outgoing);
            Box::pin(async move { Ok(answer.await) })
        };
        let this = Rc::clone(self);
        spawn_local(async move {
            let (mut reply, answer) = match answer.await {
                Ok(answer) => (reply::of_refresh(&answer, wall), answer),
                Err(reply) => (reply, Err(Unreachable)),
            };
            let status = answer.ok().map(|incoming| incoming.status);
            this.posted.set((status, browser::since(monotonic)));
            if let Reply::Tokens(tokens) = &mut reply {
                tokens.nonce = this.nonce.borrow().clone().filter(|_| key.is_some());
                tokens.key = key;
                let deadline = Deadline::received(tokens, monotonic);
                *this.deadline.borrow_mut() = Some(deadline);
            }
            this.dispatch(Event::Replied(reply));
        });
    }

    fn back_off(self: &Rc<Self>, attempt: u32, at_least: u32) {
        let wait = backoff::delay(attempt, at_least, browser::jitter());
        let this = Rc::downgrade(self);
        let timer = Timeout::new(wait, move || {
            if let Some(this) = this.upgrade() {
                this.dispatch(Event::Due);
            }
        });
        *self.back_off_timer.borrow_mut() = Some(timer);
    }

    fn report(self: &Rc<Self>, progress: Progress) {
        let (status, millis) = match progress {
            Progress::Begun => (None, 0),
            _ => self.posted.take(),
        };
        self.tell(&Notice::Refresh {
            progress,
            status,
            millis,
        });
        match progress {
            Progress::Begun => return,
            Progress::Delayed(trouble) => self.trouble.borrow_mut().refresh = Some(trouble),
            _ => self.trouble.borrow_mut().refresh = None,
        }
        self.tell_trouble();
        if matches!(progress, Progress::Delayed(_)) {
            return;
        }
        let hint = self.hint.take();
        if let Progress::Ended(code) = progress {
            self.tell(&Notice::Ended(match code {
                Some(ErrorCode::KeyMismatch) => EndReason::KeyLost,
                // The event stream may have given a more precise reason.
                None | Some(ErrorCode::SessionEnded) => EndReason::ByServer(hint.or(code)),
                _ => EndReason::ByServer(code),
            }));
        }
    }

    /// Reads storage, notifies the observers of changes, and sets the timer for the next refresh.
    pub(super) fn sync_from_storage(self: &Rc<Self>) {
        if self.busy.get() {
            return;
        }
        let tokens = self.store.read().tokens;
        let seen = self.seen.replace(tokens.clone());
        if seen != tokens {
            self.adopt_nonce(tokens.as_ref());
            self.tell(&Notice::Tokens(tokens.clone()));
            self.follow();
            if tokens.is_none() {
                self.tell(&Notice::Ended(EndReason::Elsewhere));
            }
        }
        let in_between = matches!(
            self.state.get(),
            SessionState::SigningIn | SessionState::SigningOut
        );
        if !in_between {
            self.set_state(if tokens.is_some() {
                SessionState::SignedIn
            } else {
                SessionState::SignedOut
            });
        }
        self.schedule(tokens.as_ref());
    }

    /// Whether the stored access token is fresh, due for a refresh, or expired.
    pub(super) fn freshness(&self, tokens: &Tokens) -> Freshness {
        let now = browser::monotonic_clock();
        let mut deadline = self.deadline.borrow_mut();
        let known = deadline.take().filter(|known| known.is_for(tokens));
        deadline
            .insert(known.unwrap_or_else(|| Deadline::found(tokens, browser::wall_clock(), now)))
            .freshness(now)
    }

    /// In some browsers the monotonic clock stops while the machine sleeps. If less time is left
    /// by the wall clock, use that.
    pub(super) fn heed_wall_clock(&self) {
        let Some(tokens) = self.store.read().tokens else {
            return;
        };
        let found = Deadline::found(&tokens, browser::wall_clock(), browser::monotonic_clock());
        let mut deadline = self.deadline.borrow_mut();
        let known = deadline.take().filter(|known| known.is_for(&tokens));
        *deadline = Some(match known {
            Some(known) => known.or_earlier(&found),
            None => found,
        });
    }

    /// Requests a refresh if it is due; otherwise sets the timer.
    pub(super) fn check_expiry(self: &Rc<Self>) {
        let tokens = self.store.read().tokens;
        if let (true, Some(tokens)) = (self.refresh_ahead.get(), &tokens)
            && !matches!(self.freshness(tokens), Freshness::Good(_))
        {
            self.dispatch(Event::Wanted(Cause::AheadOfExpiry));
        }
        self.schedule(tokens.as_ref());
    }

    fn schedule(self: &Rc<Self>, tokens: Option<&Tokens>) {
        let wait = match tokens {
            Some(tokens) if self.refresh_ahead.get() => match self.freshness(tokens) {
                Freshness::Good(millis) => Some(millis.min(LONGEST_TIMER)),
                // Due now, unless a refresh is in progress or backing off.
                Freshness::Due | Freshness::Past => {
                    let engine = self.engine.borrow();
                    (!engine.is_refreshing() && !engine.is_backing_off()).then_some(0)
                }
            },
            _ => None,
        };
        let this = Rc::downgrade(self);
        let timer = wait.map(|millis| {
            Timeout::new(u32::try_from(millis).unwrap_or(u32::MAX), move || {
                if let Some(this) = this.upgrade() {
                    this.check_expiry();
                }
            })
        });
        *self.expiry_timer.borrow_mut() = timer;
    }
}
