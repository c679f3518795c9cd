//! Listeners for browser events: another tab changed storage, the page became visible, the network
//! is back.

use std::rc::{Rc, Weak};

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{BroadcastChannel, Event as DomEvent, EventTarget, StorageEvent, VisibilityState};

use super::Inner;
use crate::browser;
use crate::engine::Event;
use crate::notice::Notice;
use crate::token_storage;

impl Inner {
    pub(super) fn listen(self: &Rc<Self>) {
        let Some(window) = browser::window() else {
            return;
        };
        let this = Rc::downgrade(self);
        on(&window, "storage", &this, |this, event| {
            let key = event.dyn_ref::<StorageEvent>().and_then(StorageEvent::key);
            // Without a key, the whole storage was cleared.
            if key.is_none_or(|key| key == token_storage::TOKENS) {
                this.storage.discard_memory();
                this.dispatch(Event::StorageChanged);
            }
        });
        if let Ok(channel) = BroadcastChannel::new("latchkey.account") {
            on(&channel, "message", &this, |this, _| {
                this.notify(&Notice::AccountChanged);
            });
            *self.channel.borrow_mut() = Some(channel);
        }
        on(&window, "online", &this, |this, _| this.network_restored());
        on(&window, "focus", &this, |this, _| this.page_shown());
        on(&window, "pageshow", &this, |this, _| this.catch_up());
        if let Some(document) = window.document() {
            on(
                &document.clone(),
                "visibilitychange",
                &this,
                move |this, _| {
                    if document.visibility_state() == VisibilityState::Visible {
                        this.page_shown();
                    } else {
                        this.update_subscription();
                    }
                },
            );
        }
    }

    /// The user returned to the page.
    fn page_shown(self: &Rc<Self>) {
        self.catch_up();
        self.user_returned();
    }

    /// Catches up on timers and storage events, which may have been suspended with the page.
    fn catch_up(self: &Rc<Self>) {
        self.dispatch(Event::StorageChanged);
        self.shorten_deadline();
        self.check_expiry();
        self.update_subscription();
    }
}

fn on(
    target: &EventTarget,
    name: &str,
    this: &Weak<Inner>,
    then: impl Fn(&Rc<Inner>, &DomEvent) + 'static,
) {
    let this = Weak::clone(this);
    let listener = Closure::<dyn Fn(DomEvent)>::new(move |event: DomEvent| {
        if let Some(this) = this.upgrade() {
            then(&this, &event);
        }
    });
    // The listener lives as long as the page. Once the client is dropped, it does nothing.
    let _ = target.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
    listener.forget();
}
