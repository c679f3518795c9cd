//! The pages, one file each, and the navigation that several of them need.

use latchkey_client::{EndReason, SessionState};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use crate::messages;
use crate::session::Session;

pub(crate) mod account;
pub(crate) mod activity;
pub(crate) mod admin;
pub(crate) mod callback;
pub(crate) mod not_found;
pub(crate) mod playground;
pub(crate) mod sessions;
pub(crate) mod sign_in;

/// The paths that the router handles. Any other local path is loaded from the server.
const PATHS: [&str; 5] = ["/", "/account", "/sessions", "/activity", "/playground"];

/// Replaces the current page with the one at a local path.
fn redirect(navigate: &impl Fn(&str, NavigateOptions), path: &str) {
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

/// For a page that needs a session: without one, redirects to the sign-in page, which returns to
/// `path`.
fn require_session(session: Session, path: &'static str) {
    require_session_for(session, move || path.to_owned());
}

/// The same for a page whose path changes.
fn require_session_for(session: Session, path: impl Fn() -> String + 'static) {
    let navigate = use_navigate();
    Effect::new(move || {
        if session.state.get() != SessionState::SignedOut {
            return;
        }
        let ended = session.ended.get_untracked();
        if ended == Some(EndReason::SignedOut) {
            redirect(&navigate, "/");
        } else {
            let path = untrack(&path);
            let return_to = messages::after_sign_in(ended, &path);
            let return_to = encoded(return_to);
            redirect(&navigate, &format!("/?return_to={return_to}"));
        }
    });
}

/// A local path as the value of a query parameter.
fn encoded(path: &str) -> String {
    let encoded: String = js_sys::encode_uri_component(path).into();
    // A slash may stay as it is (RFC 3986 §3.4), and most paths contain nothing else.
    encoded.replace("%2F", "/")
}
