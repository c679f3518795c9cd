//! Subscribes to the server's event stream, so that changes made elsewhere to the session or the
//! account show immediately. The stream is open while the page is visible and there is an access
//! token.
//!
//! Only one tab of a browser, the holder of a lock, opens the stream: browsers limit the number of
//! connections to a server, and the tabs share one session. The other tabs learn of the session's
//! end through storage, and of account changes through a `BroadcastChannel`.
//!
//! Events decide nothing. When the stream reports that the session ended, the client refreshes, and
//! the response to that decides. Without a stream, the client learns of the end of the
//! session at its next request or refresh.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use latchkey_types::{ServerEvent, paths};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::VisibilityState;

use super::subscription::Role;
use super::{Client, Inner};
use crate::engine::{Cause, Event};
use crate::events::EventParser;
use crate::expiry::ExpiryStatus;
use crate::lock::LockGuard;
use crate::notice::Notice;
use crate::transport::{Method, Request, StreamEvent};
use crate::{backoff, browser, lock};

impl Inner {
    /// Opens, keeps or closes the stream, depending on the current state.
    pub(super) fn update_subscription(self: &Rc<Self>) {
        let tokens = self.storage.read().tokens.filter(|_| is_visible());
        // The server would reject an expired token. This runs again when new tokens are stored.
        let tokens = tokens.filter(|tokens| self.expiry_status(tokens) != ExpiryStatus::Expired);
        let token = tokens.map(|tokens| tokens.access_token);
        let mut subscription = self.subscription.borrow_mut();
        let holds_lock = matches!(subscription.role, Role::Leader(_));
        if subscription.token == token && (token.is_some() || !holds_lock) {
            return;
        }
        subscription.number += 1;
        subscription.ready = false;
        subscription.timer = None;
        let previous = subscription.stream.take();
        subscription.token.clone_from(&token);
        let number = subscription.number;
        let role = core::mem::take(&mut subscription.role);
        let (is_leader, joins_election) = match (&token, &role) {
            (Some(_), Role::Leader(_)) => (true, false),
            (Some(_), Role::Idle) => (false, true),
            _ => (false, false),
        };
        let mut released = None;
        subscription.role = match role {
            Role::Leader(_) if token.is_none() => {
                released = Some(role);
                Role::Idle
            }
            Role::Idle if joins_election => Role::Waiting,
            role => role,
        };
        drop(subscription);
        drop((previous, released));
        let this = Rc::clone(self);
        if joins_election {
            spawn_local(async move {
                let guard = lock::acquire_leadership().await;
                this.leadership_acquired(guard);
            });
        } else if let (true, Some(token)) = (is_leader, token) {
            spawn_local(async move { this.open_stream(number, &token).await });
        }
    }

    /// This tab became the leader. If the stream is no longer wanted, the lock is released.
    fn leadership_acquired(self: &Rc<Self>, guard: LockGuard) {
        {
            let mut subscription = self.subscription.borrow_mut();
            if subscription.token.take().is_none() {
                subscription.role = Role::Idle;
                return;
            }
            subscription.role = Role::Leader(guard);
        }
        self.update_subscription();
    }

    /// Notifies the pages of this tab and of the other tabs that the account changed.
    fn account_changed(&self) {
        self.notify(&Notice::AccountChanged);
        let channel = self.channel.borrow();
        if let Some(channel) = &*channel {
            // The message has no content.
            let _ = channel.post_message(&JsValue::NULL);
        }
    }

    /// Updates the subscription when the user returns to the page.
    pub(super) fn user_returned(self: &Rc<Self>) {
        {
            let mut subscription = self.subscription.borrow_mut();
            subscription.returned = !subscription.ready;
        }
        self.update_subscription();
    }

    async fn open_stream(self: &Rc<Self>, number: u64, token: &str) {
        let path = paths::API_EVENTS;
        let key = self.key_name();
        let mut headers = self
            .authorization(Method::Get, path, token, key.as_deref())
            .await;
        if self.subscription.borrow().number != number {
            return;
        }
        headers.push(("Accept", "text/event-stream".to_owned()));
        let request = Request {
            path: path.to_owned(),
            headers,
            ..Request::default()
        };
        let this = Rc::downgrade(self);
        let parser = RefCell::new(EventParser::default());
        let listener = Box::new(move |event: StreamEvent<'_>| {
            let this = this.upgrade();
            let Some(this) = this.filter(|this| this.subscription.borrow().number == number) else {
                return;
            };
            match event {
                StreamEvent::Bytes(bytes) => {
                    let events = parser.borrow_mut().parse(bytes);
                    for event in events {
                        this.handle_event(&event);
                    }
                }
                StreamEvent::Ended(status) => this.stream_ended(status),
            }
        });
        let stream = self.transport.stream(request, listener);
        self.subscription.borrow_mut().stream = Some(stream);
    }

    fn handle_event(self: &Rc<Self>, event: &ServerEvent) {
        match event {
            ServerEvent::Ready => {
                {
                    let mut subscription = self.subscription.borrow_mut();
                    subscription.ready = true;
                    subscription.returned = false;
                    subscription.refused = false;
                    subscription.failures = 0;
                }
                // Events from before the stream was open were missed.
                self.account_changed();
            }
            ServerEvent::SessionEnded { code } => {
                let token = self.subscription.borrow().token.clone();
                let stored = self.storage.read().tokens;
                // If other tokens are stored, the event is not about them: another tab has
                // refreshed, or the user signed out or in again.
                if stored.map(|tokens| tokens.access_token) == token {
                    self.end_code.set(Some(*code));
                    self.dispatch(Event::RefreshRequested(Cause::Automatic));
                }
            }
            ServerEvent::AccountChanged => self.account_changed(),
            // An event type of a later version.
            _ => {}
        }
    }

    fn stream_ended(self: &Rc<Self>, status: Option<u16>) {
        let mut subscription = self.subscription.borrow_mut();
        let was_ready = core::mem::take(&mut subscription.ready);
        let returned = core::mem::take(&mut subscription.returned);
        let previous = subscription.stream.take();
        let may_refresh = self.refresh_before_expiry.get();
        if status == Some(401)
            && may_refresh
            && !core::mem::replace(&mut subscription.refused, true)
        {
            // This token cannot open a stream. Refresh: a new token might open one; if the refresh is
            // refused, the response says why.
            drop(subscription);
            drop(previous);
            self.dispatch(Event::RefreshRequested(Cause::Automatic));
            return;
        }
        let delay = backoff::delay(subscription.failures, 0, browser::jitter());
        if !was_ready {
            subscription.failures = subscription.failures.saturating_add(1);
        }
        subscription.token = None;
        let this = Rc::downgrade(self);
        subscription.timer = Some(Timeout::new(delay, move || {
            if let Some(this) = this.upgrade() {
                this.update_subscription();
            }
        }));
        drop(subscription);
        drop(previous);
        if returned && !was_ready {
            let client = Client(Rc::clone(self));
            spawn_local(async move {
                // A 401 causes a refresh, which determines whether the session is alive.
                let _ = client.me().await;
            });
        }
    }
}

fn is_visible() -> bool {
    let document = browser::window().and_then(|window| window.document());
    document.is_some_and(|document| document.visibility_state() == VisibilityState::Visible)
}
