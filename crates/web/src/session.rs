//! The session as signals, for every page.
//!
//! The client reports what happens; this file turns it into signals. On the server the state is
//! always [`SessionState::Checking`], because the tokens are in the browser.

use latchkey_client::{EndReason, Notice, SessionState, Tokens, TransientError};
use leptos::prelude::*;

use crate::auth_client::AuthClient;
use crate::page_data::PageData;
use crate::time;
use crate::timeline::Timeline;

/// The id of the account whose tokens are stored. The outer `None` means that there are no tokens;
/// the inner one, that the token does not name an account.
pub(crate) type Account = Option<Option<String>>;

/// What the pages know of the session.
#[derive(Clone, Copy)]
pub(crate) struct Session {
    /// The state of the session.
    pub(crate) state: RwSignal<SessionState>,
    /// The stored tokens.
    pub(crate) tokens: RwSignal<Option<Tokens>>,
    /// Whose tokens are stored. Changes when another account signs in, in any tab.
    pub(crate) account: Memo<Account>,
    /// Why the server cannot be reached at the moment.
    pub(crate) trouble: RwSignal<Option<TransientError>>,
    /// Counts how often the server became reachable, the first time included.
    pub(crate) reconnects: Memo<usize>,
    /// Why the last session ended, until the next sign-in or until the message is dismissed.
    pub(crate) ended: RwSignal<Option<EndReason>>,
    /// Counts how often the account's sessions or activity may have changed.
    pub(crate) changes: RwSignal<usize>,
    /// Requests, refreshes and retries.
    pub(crate) timeline: RwSignal<Timeline>,
    /// The number of requests without a response.
    pub(crate) under_way: RwSignal<usize>,
}

impl Session {
    /// Provides the session to the components below and, in the browser, starts `client` and
    /// follows it.
    pub(crate) fn provide(client: AuthClient) -> Self {
        let tokens = RwSignal::new(None::<Tokens>);
        let trouble = RwSignal::new(None::<TransientError>);
        let reachable = Memo::new(move |_| trouble.with(Option::is_none));
        let session = Self {
            state: RwSignal::default(),
            tokens,
            account: Memo::new(move |_| {
                tokens.with(|tokens| tokens.as_ref().map(|tokens| tokens.account.clone()))
            }),
            trouble,
            reconnects: Memo::new(move |before: Option<&usize>| {
                let before = before.copied().unwrap_or_default();
                before + usize::from(reachable.get())
            }),
            ended: RwSignal::new(None),
            changes: RwSignal::new(0),
            timeline: RwSignal::default(),
            under_way: RwSignal::new(0),
        };
        provide_context(session);
        let nonce = PageData::current().dpop_nonce;
        Effect::new(move || {
            let client = client.get();
            if let Some(nonce) = nonce.clone() {
                client.set_nonce(nonce);
            }
            client.observe(move |notice| session.update(notice));
            client.start();
        });
        session
    }

    /// The session that [`provide`](Self::provide) provided.
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

    fn update(self, notice: &Notice) {
        match notice {
            Notice::State(state) => {
                match state {
                    SessionState::SignedIn => self.ended.set(None),
                    SessionState::SignedOut => remove_stored_session_mark(),
                    _ => {}
                }
                self.state.set(*state);
            }
            Notice::Tokens(tokens) => self.tokens.set(tokens.clone()),
            Notice::Ended(reason) => self.ended.set(Some(*reason)),
            Notice::AccountChanged => self.changes.update(|changes| *changes += 1),
            Notice::Outage(trouble) => self.trouble.set(*trouble),
            Notice::Sent(_) => self.under_way.update(|count| *count += 1),
            Notice::Received { .. } => {
                self.under_way
                    .update(|count| *count = count.saturating_sub(1));
            }
            Notice::NotSent { .. } | Notice::Refresh { .. } => {}
        }
        self.record(notice);
    }
}

/// Removes the attribute that `start.js` set because it found tokens: there is no session after all.
fn remove_stored_session_mark() {
    if let Some(root) = document().document_element() {
        let _ = root.remove_attribute("data-session");
    }
}
