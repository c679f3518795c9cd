//! Detects when the server becomes unreachable, probes it, and reports when it is reachable again.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use latchkey_types::paths;
use wasm_bindgen_futures::spawn_local;

use super::Inner;
use crate::engine::{Event, Trouble};
use crate::notice::Notice;
use crate::transport::{Request, Response, Unreachable};
use crate::{backoff, browser};

impl Inner {
    /// Updates the connectivity state from the outcome of any request.
    pub(super) fn heard(self: &Rc<Self>, answer: &Result<Response, Unreachable>) {
        let trouble = match answer {
            Err(Unreachable) => Some(Trouble::Unreachable),
            // Sent by a proxy whose upstream is down.
            Ok(incoming) if matches!(incoming.status, 502 | 504) => Some(Trouble::Unreachable),
            Ok(_) => None,
        };
        let before = core::mem::replace(&mut self.trouble.borrow_mut().request, trouble);
        self.tell_trouble();
        match (before, trouble) {
            (None, Some(_)) => self.probe_later(0),
            (Some(_), None) => self.back_again(),
            _ => {}
        }
    }

    /// The browser reports that the network is back: retry now instead of waiting for the timers.
    pub(super) fn online(self: &Rc<Self>) {
        self.dispatch(Event::Due);
        if self.trouble.borrow().request.is_some() {
            self.probe(0);
        }
    }

    /// Notifies the observers if the state changed.
    pub(super) fn tell_trouble(&self) {
        let mut troubles = self.trouble.borrow_mut();
        let now = troubles.refresh.or(troubles.request);
        if core::mem::replace(&mut troubles.told, now) == now {
            return;
        }
        drop(troubles);
        self.tell(&Notice::Trouble(now));
    }

    fn back_again(self: &Rc<Self>) {
        self.probe_timer.borrow_mut().take();
        let unreachable = self.trouble.borrow().refresh == Some(Trouble::Unreachable);
        if unreachable {
            self.dispatch(Event::Due);
        }
    }

    fn probe_later(self: &Rc<Self>, attempt: u32) {
        let this = Rc::downgrade(self);
        let wait = backoff::delay(attempt, 0, browser::jitter());
        let timer = Timeout::new(wait, move || {
            if let Some(this) = this.upgrade() {
                this.probe(attempt);
            }
        });
        *self.probe_timer.borrow_mut() = Some(timer);
    }

    fn probe(self: &Rc<Self>, attempt: u32) {
        let answer = self.transport.send(Request {
            path: paths::HEALTHZ.to_owned(),
            ..Request::default()
        });
        let this = Rc::clone(self);
        spawn_local(async move {
            this.heard(&answer.await);
            if this.trouble.borrow().request.is_some() {
                this.probe_later(attempt.saturating_add(1));
            }
        });
    }
}
