//! The client's notices as signals, for every page.
//!
//! The client itself exists in the browser alone: effects and event handlers may ask for it,
//! views may not. On the server the session is always [`SessionState::Checking`].

use latchkey_client::{Client, EndReason, Notice, SessionState, Tokens, Trouble};
use leptos::prelude::*;

use crate::page_data::PageData;
use crate::time;
use crate::timeline::Timeline;

thread_local! {
    static CLIENT: Client = Client::new();
}

/// The one client of this page. Only where the browser is: effects and event handlers.
pub(crate) fn client() -> Client {
    CLIENT.with(Client::clone)
}

/// What the pages know of the session.
#[derive(Clone, Copy)]
pub(crate) struct Session {
    /// Where it stands.
    pub(crate) state: RwSignal<SessionState>,
    /// The stored tokens.
    pub(crate) tokens: RwSignal<Option<Tokens>>,
    /// What keeps the server from us.
    pub(crate) trouble: RwSignal<Option<Trouble>>,
    /// Why the latest session ended; until the next one, or until it was read.
    pub(crate) ended: RwSignal<Option<EndReason>>,
    /// Counts how often sessions or activity of the account may have changed.
    pub(crate) changes: RwSignal<usize>,
    /// Requests, refreshes and retries.
    pub(crate) timeline: RwSignal<Timeline>,
    /// Requests that have not been answered.
    pub(crate) under_way: RwSignal<usize>,
}

impl Session {
    /// Makes the session known to everything below, and connects it in the browser.
    pub(crate) fn provide() -> Self {
        let session = Self {
            state: RwSignal::default(),
            tokens: RwSignal::new(None),
            trouble: RwSignal::new(None),
            ended: RwSignal::new(None),
            changes: RwSignal::new(0),
            timeline: RwSignal::default(),
            under_way: RwSignal::new(0),
        };
        provide_context(session);
        let nonce = PageData::current().dpop_nonce;
        Effect::new(move || {
            let client = client();
            if let Some(nonce) = nonce.clone() {
                client.set_nonce(nonce);
            }
            client.observe(move |notice| session.hear(notice));
            client.start();
        });
        session
    }

    /// The session that [`provide`](Self::provide) made known.
    pub(crate) fn expect() -> Self {
        expect_context()
    }

    /// Whether there are tokens, as far as is known.
    pub(crate) fn is_signed_in(self) -> bool {
        self.state.get() == SessionState::SignedIn
    }

    /// Adds a line to the timeline.
    pub(crate) fn record(self, notice: &Notice) {
        self.timeline.try_maybe_update(|timeline| {
            let is_new = timeline.record(notice, time::time_of_day);
            (is_new, ())
        });
    }

    fn hear(self, notice: &Notice) {
        match notice {
            Notice::State(state) => {
                match state {
                    SessionState::SignedIn => self.ended.set(None),
                    SessionState::SignedOut => unmark(),
                    _ => {}
                }
                self.state.set(*state);
            }
            Notice::Tokens(tokens) => self.tokens.set(tokens.clone()),
            Notice::Ended(reason) => self.ended.set(Some(*reason)),
            Notice::AccountChanged => self.changes.update(|changes| *changes += 1),
            Notice::Trouble(trouble) => self.trouble.set(*trouble),
            Notice::Sent(_) => self.under_way.update(|count| *count += 1),
            Notice::Answered { .. } => {
                self.under_way
                    .update(|count| *count = count.saturating_sub(1));
            }
            Notice::NotSent { .. } | Notice::Refresh { .. } => {}
        }
        self.record(notice);
    }
}

/// Takes back the mark that the head's script set (`shell`): nobody is signed in after all.
fn unmark() {
    if let Some(root) = document().document_element() {
        let _ = root.remove_attribute("data-session");
    }
}
