//! Subscribes to the server's event stream, so that a change to the session or the account that
//! was made elsewhere shows immediately. The stream is open while the page is visible and there is
//! an access token.
//!
//! Only one tab of a browser, the holder of a lock, opens the stream: browsers limit the number of
//! connections to a server, and the tabs share one session. The other tabs learn of the session's
//! end through storage, and of account changes through a `BroadcastChannel`.
//!
//! Events decide nothing. When the stream reports that the session ended, the client refreshes, and
//! the response to that decides. Without a stream the client learns the same a little later.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use latchkey_types::{ServerEvent, paths};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::VisibilityState;

use super::following::Place;
use super::{Client, Inner};
use crate::engine::{Cause, Event};
use crate::events::Reader;
use crate::expiry::Freshness;
use crate::lock::LockGuard;
use crate::notice::Notice;
use crate::transport::{Method, Request, StreamEvent};
use crate::{backoff, browser, lock};

impl Inner {
    /// Opens, keeps or closes the stream, depending on the current state.
    pub(super) fn follow(self: &Rc<Self>) {
        let tokens = self.store.read().tokens.filter(|_| is_visible());
        // The server would reject an expired token. `follow` runs again when new tokens are stored.
        let tokens = tokens.filter(|tokens| self.freshness(tokens) != Freshness::Past);
        let token = tokens.map(|tokens| tokens.access_token);
        let mut following = self.following.borrow_mut();
        let holds = matches!(following.place, Place::First(_));
        if following.token == token && (token.is_some() || !holds) {
            return;
        }
        following.number += 1;
        following.ready = false;
        following.timer = None;
        let before = following.stream.take();
        following.token.clone_from(&token);
        let number = following.number;
        let place = core::mem::take(&mut following.place);
        let (first, lines_up) = match (&token, &place) {
            (Some(_), Place::First(_)) => (true, false),
            (Some(_), Place::Away) => (false, true),
            _ => (false, false),
        };
        let mut let_go = None;
        following.place = match place {
            Place::First(_) if token.is_none() => {
                let_go = Some(place);
                Place::Away
            }
            Place::Away if lines_up => Place::InLine,
            place => place,
        };
        drop(following);
        drop((before, let_go));
        let this = Rc::clone(self);
        if lines_up {
            spawn_local(async move {
                let held = lock::acquire_leadership().await;
                this.my_turn(held);
            });
        } else if let (true, Some(token)) = (first, token) {
            spawn_local(async move { this.open_stream(number, &token).await });
        }
    }

    /// This tab became the leader. If the stream is no longer wanted, the lock is released.
    fn my_turn(self: &Rc<Self>, held: LockGuard) {
        {
            let mut following = self.following.borrow_mut();
            if following.token.take().is_none() {
                following.place = Place::Away;
                return;
            }
            following.place = Place::First(held);
        }
        self.follow();
    }

    /// Notifies the pages of this tab and of the other tabs that the account changed.
    fn account_changed(&self) {
        self.tell(&Notice::AccountChanged);
        let channel = self.channel.borrow();
        if let Some(channel) = &*channel {
            // The message has no content.
            let _ = channel.post_message(&JsValue::NULL);
        }
    }

    /// Like [`follow`](Self::follow), when the user returns to the page: what changed in the
    /// meantime should show now.
    pub(super) fn follow_again(self: &Rc<Self>) {
        {
            let mut following = self.following.borrow_mut();
            following.returned = !following.ready;
        }
        self.follow();
    }

    async fn open_stream(self: &Rc<Self>, number: u64, token: &str) {
        let path = paths::API_EVENTS;
        let key = self.key_name();
        let mut headers = self
            .authorization(Method::Get, path, token, key.as_deref())
            .await;
        if self.following.borrow().number != number {
            return;
        }
        headers.push(("Accept", "text/event-stream".to_owned()));
        let outgoing = Request {
            path: path.to_owned(),
            headers,
            ..Request::default()
        };
        let this = Rc::downgrade(self);
        let reader = RefCell::new(Reader::default());
        let listener = Box::new(move |piece: StreamEvent<'_>| {
            let this = this.upgrade();
            let Some(this) = this.filter(|this| this.following.borrow().number == number) else {
                return;
            };
            match piece {
                StreamEvent::Bytes(bytes) => {
                    let events = reader.borrow_mut().read(bytes);
                    for event in events {
                        this.happened(&event);
                    }
                }
                StreamEvent::Over(status) => this.stream_is_over(status),
            }
        });
        let stream = self.transport.stream(outgoing, listener);
        self.following.borrow_mut().stream = Some(stream);
    }

    fn happened(self: &Rc<Self>, event: &ServerEvent) {
        match event {
            ServerEvent::Ready => {
                {
                    let mut following = self.following.borrow_mut();
                    following.ready = true;
                    following.returned = false;
                    following.refused = false;
                    following.failures = 0;
                }
                // Events from before the stream was open were missed.
                self.account_changed();
            }
            ServerEvent::SessionEnded { code } => {
                let token = self.following.borrow().token.clone();
                let stored = self.store.read().tokens;
                // If the stored tokens are newer, a new sign-in in this browser ended the old session.
                if stored.map(|tokens| tokens.access_token) == token {
                    self.hint.set(Some(*code));
                    self.dispatch(Event::Wanted(Cause::AheadOfExpiry));
                }
            }
            ServerEvent::AccountChanged => self.account_changed(),
            // An event type of a later version.
            _ => {}
        }
    }

    fn stream_is_over(self: &Rc<Self>, status: Option<u16>) {
        let mut following = self.following.borrow_mut();
        let was_ready = core::mem::take(&mut following.ready);
        let returned = core::mem::take(&mut following.returned);
        let before = following.stream.take();
        let may_refresh = self.refresh_ahead.get();
        if status == Some(401) && may_refresh && !core::mem::replace(&mut following.refused, true) {
            // This token will not open a stream. Refresh: the new token may, or the server says why
            // not.
            drop(following);
            drop(before);
            self.dispatch(Event::Wanted(Cause::AheadOfExpiry));
            return;
        }
        let wait = backoff::delay(following.failures, 0, browser::jitter());
        if !was_ready {
            following.failures = following.failures.saturating_add(1);
        }
        following.token = None;
        let this = Rc::downgrade(self);
        following.timer = Some(Timeout::new(wait, move || {
            if let Some(this) = this.upgrade() {
                this.follow();
            }
        }));
        drop(following);
        drop(before);
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
