//! The session as signals for the pages, updated when the client reports a change.
//!
//! On the server the state is always [`SessionState::Checking`], because the tokens are in the browser.

use latchkey_client::{EndReason, Notice, SessionState, Tokens, TransientError, claims};
use leptos::prelude::*;

use crate::auth_client::AuthClient;
use crate::page_data::PageData;
use crate::time;
use crate::timeline::Timeline;

/// The id of the account whose tokens are stored. The outer `None` means that there are no tokens, the
/// inner `None` that the token does not name an account.
pub(crate) type Account = Option<Option<String>>;

/// What the pages know about the session.
#[derive(Clone, Copy)]
pub(crate) struct Session {
    /// The state of the session.
    pub(crate) state: RwSignal<SessionState>,
    /// The stored tokens.
    pub(crate) tokens: RwSignal<Option<Tokens>>,
    /// The account whose tokens are stored. Changes when another account signs in, in any tab.
    pub(crate) account: Memo<Account>,
    /// Whether the user has the role `admin`, according to the access token. For display only: the
    /// server decides.
    pub(crate) is_admin: Memo<bool>,
    /// Why the server cannot be reached; `None` while it can.
    pub(crate) outage: RwSignal<Option<TransientError>>,
    /// How many times the server became reachable, including the first time.
    pub(crate) reconnects: Memo<usize>,
    /// Why the last session ended, until the next sign-in or until the message is dismissed.
    pub(crate) ended: RwSignal<Option<EndReason>>,
    /// Counts the reports that the account's sessions or activity might have changed.
    pub(crate) changes: RwSignal<usize>,
    /// Requests, refreshes and retries.
    pub(crate) timeline: RwSignal<Timeline>,
    /// The number of requests that await a response.
    pub(crate) in_flight: RwSignal<usize>,
}

impl Session {
    /// Provides the session to child components. In the browser, also starts `client` and observes
    /// it.
    pub(crate) fn provide(client: AuthClient) -> Self {
        let tokens = RwSignal::new(None::<Tokens>);
        let outage = RwSignal::new(None::<TransientError>);
        let reachable = Memo::new(move |_| outage.with(Option::is_none));
        let session = Self {
            state: RwSignal::default(),
            tokens,
            account: Memo::new(move |_| {
                tokens.with(|tokens| tokens.as_ref().map(|tokens| tokens.account.clone()))
            }),
            is_admin: Memo::new(move |_| {
                tokens.with(|tokens| tokens.as_ref().is_some_and(has_admin_role))
            }),
            outage,
            reconnects: Memo::new(move |previous: Option<&usize>| {
                let previous = previous.copied().unwrap_or_default();
                previous + usize::from(reachable.get())
            }),
            ended: RwSignal::new(None),
            changes: RwSignal::new(0),
            timeline: RwSignal::default(),
            in_flight: RwSignal::new(0),
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

    /// The provided session.
    pub(crate) fn expect() -> Self {
        expect_context()
    }

    /// Whether the client has found tokens.
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
                    SessionState::SignedIn => {
                        self.ended.set(None);
                        mark_session();
                    }
                    SessionState::SignedOut => unmark_session(),
                    _ => {}
                }
                self.state.set(*state);
            }
            Notice::Tokens(tokens) => self.tokens.set(tokens.clone()),
            Notice::Ended(reason) => self.ended.set(Some(*reason)),
            Notice::AccountChanged => self.changes.update(|changes| *changes += 1),
            Notice::Outage(error) => self.outage.set(*error),
            Notice::Sent(_) => self.in_flight.update(|count| *count += 1),
            Notice::Received { .. } => {
                self.in_flight
                    .update(|count| *count = count.saturating_sub(1));
            }
            Notice::NotSent { .. } | Notice::Refresh { .. } => {}
        }
        self.record(notice);
    }
}

/// Looks for the role in the JSON text of the claim, which needs less code than decoding the list.
fn has_admin_role(tokens: &Tokens) -> bool {
    let decoded = claims::decode(&tokens.access_token);
    decoded.is_some_and(|token| {
        let roles = token.claims.get("roles").unwrap_or_default();
        roles.contains("\"admin\"")
    })
}

/// The attribute that `start.js` sets if tokens are stored. With it, the styles show the links that
/// need a session.
const MARKER: &str = "data-session";

fn mark_session() {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute(MARKER, "stored");
    }
}

fn unmark_session() {
    if let Some(root) = document().document_element() {
        let _ = root.remove_attribute(MARKER);
    }
}
