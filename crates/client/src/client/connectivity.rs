//! Detects when the server becomes unreachable, probes it, and reports when it is reachable again.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use latchkey_types::paths;
use wasm_bindgen_futures::spawn_local;

use super::Inner;
use crate::engine::{Event, TransientError};
use crate::notice::Notice;
use crate::transport::{Request, Response, Unreachable};
use crate::{backoff, browser};

impl Inner {
    /// Updates the connectivity state from the outcome of any request.
    pub(super) fn record_outcome(self: &Rc<Self>, response: &Result<Response, Unreachable>) {
        let error = match response {
            Err(Unreachable) => Some(TransientError::Unreachable),
            // Sent by a proxy whose upstream is down.
            Ok(response) if matches!(response.status, 502 | 504) => {
                Some(TransientError::Unreachable)
            }
            Ok(_) => None,
        };
        let before = core::mem::replace(&mut self.outages.borrow_mut().request, error);
        self.report_outage();
        match (before, error) {
            (None, Some(_)) => self.probe_later(0),
            (Some(_), None) => self.recovered(),
            _ => {}
        }
    }

    /// The browser reports that the network is back: retry now instead of waiting for the timers.
    pub(super) fn network_restored(self: &Rc<Self>) {
        self.dispatch(Event::RetryDue);
        if self.outages.borrow().request.is_some() {
            self.probe(0);
        }
    }

    /// Notifies the observers if the state changed.
    pub(super) fn report_outage(&self) {
        let mut outages = self.outages.borrow_mut();
        let now = outages.refresh.or(outages.request);
        if core::mem::replace(&mut outages.reported, now) == now {
            return;
        }
        drop(outages);
        self.notify(&Notice::Outage(now));
    }

    fn recovered(self: &Rc<Self>) {
        self.probe_timer.borrow_mut().take();
        let unreachable = self.outages.borrow().refresh == Some(TransientError::Unreachable);
        if unreachable {
            self.dispatch(Event::RetryDue);
        }
    }

    fn probe_later(self: &Rc<Self>, attempt: u32) {
        let this = Rc::downgrade(self);
        let delay = backoff::delay(attempt, 0, browser::jitter());
        let timer = Timeout::new(delay, move || {
            if let Some(this) = this.upgrade() {
                this.probe(attempt);
            }
        });
        *self.probe_timer.borrow_mut() = Some(timer);
    }

    fn probe(self: &Rc<Self>, attempt: u32) {
        let response = self.transport.send(Request {
            path: paths::HEALTHZ.to_owned(),
            ..Request::default()
        });
        let this = Rc::clone(self);
        spawn_local(async move {
            this.record_outcome(&response.await);
            if this.outages.borrow().request.is_some() {
                this.probe_later(attempt.saturating_add(1));
            }
        });
    }
}
