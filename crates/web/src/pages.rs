//! One file per page.

use latchkey_client::{EndReason, SessionState};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use crate::sentences;
use crate::session::Session;

pub(crate) mod account;
pub(crate) mod activity;
pub(crate) mod callback;
pub(crate) mod not_found;
pub(crate) mod playground;
pub(crate) mod sessions;
pub(crate) mod sign_in;

/// The paths that the router knows; any other local path is fetched from the server.
const PATHS: [&str; 5] = ["/", "/account", "/sessions", "/activity", "/playground"];

/// Goes to a local path in place of the present page.
fn go_on_to(navigate: &impl Fn(&str, NavigateOptions), path: &str) {
    let page = path.split(['?', '#']).next().unwrap_or(path);
    if PATHS.contains(&page) {
        let options = NavigateOptions {
            replace: true,
            ..Default::default()
        };
        navigate(path, options);
    } else {
        let _ = window().location().replace(path);
    }
}

/// For a page that needs a session: leads whoever has none to the sign-in page, and back to
/// `here` after it.
fn leave_when_signed_out(session: Session, here: &'static str) {
    let navigate = use_navigate();
    Effect::new(move || {
        if session.state.get() != SessionState::SignedOut {
            return;
        }
        let ended = session.ended.get_untracked();
        if ended == Some(EndReason::SignedOut) {
            go_on_to(&navigate, "/");
        } else {
            let back = sentences::after_sign_in(ended, here);
            go_on_to(&navigate, &format!("/?return_to={back}"));
        }
    });
}

/// Asks at first, when another account signs in, and when the server is back: what failed for want
/// of it is asked for again.
fn ask_when_it_is_worth_it(session: Session, ask: impl Fn() + 'static) {
    // Whose tokens are stored: a switch of accounts in another tab shows here.
    let account = Memo::new(move |_| {
        let tokens = session.tokens.get();
        tokens.map(|tokens| tokens.account)
    });
    Effect::new(move || {
        if account.get().is_some() && session.trouble.get().is_none() {
            ask();
        }
    });
}

/// Asks again whenever something happened to the account.
fn ask_when_it_changes(session: Session, ask: impl Fn() + 'static) {
    Effect::new(move |before: Option<usize>| {
        let changes = session.changes.get();
        if before.is_some_and(|before| before != changes)
            && session.state.get_untracked() == SessionState::SignedIn
        {
            ask();
        }
        changes
    });
}
