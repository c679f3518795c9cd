//! The pages, one file each, and the navigation that several of them need.

use latchkey_client::{EndReason, SessionState};
use latchkey_types::paths;
use leptos::html::{a, div, h1, p};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use crate::erased::erased;
use crate::messages;
use crate::session::Session;

pub(crate) mod account;
pub(crate) mod activity;
pub(crate) mod admin;
pub(crate) mod callback;
pub(crate) mod confirm;
pub(crate) mod not_found;
pub(crate) mod playground;
pub(crate) mod reset_password;
pub(crate) mod sessions;
pub(crate) mod sign_in;
pub(crate) mod sign_up;

/// The paths that [`redirect`] opens with the router. It loads any other local path from the
/// server.
const PATHS: [&str; 8] = [
    "/",
    "/account",
    "/sessions",
    "/activity",
    "/playground",
    paths::CONFIRM_PAGE,
    paths::SIGN_UP_PAGE,
    paths::RESET_PASSWORD_PAGE,
];

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

/// Like [`require_session`], for a page whose path changes.
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
    // A query may contain slashes (RFC 3986 §3.4), and most paths contain nothing else to encode.
    encoded.replace("%2F", "/")
}

/// The value of a parameter in the fragment of the address. Links carry their secrets there,
/// because browsers do not send the fragment, so servers do not log it.
fn link_parameter(name: &str) -> Option<String> {
    let fragment = use_location().hash.get();
    parameter(&fragment, name).map(str::to_owned)
}

fn parameter<'a>(fragment: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = fragment.strip_prefix('#')?.split('&');
    let value = pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    value.filter(|value| !value.is_empty())
}

/// Says why this page has no form.
fn unavailable_card(heading: &'static str, text: &'static str) -> AnyView {
    erased(div().class("c-card c-card-narrow").child((
        h1().child(heading),
        p().child(text),
        a().class("c-button").href("/").child("Back to sign-in"),
    )))
}

#[cfg(test)]
mod tests {
    use super::parameter;

    #[test]
    fn parameter_of_a_fragment_is_found() {
        assert_eq!(parameter("#token=abc-_1", "token"), Some("abc-_1"));
        assert_eq!(parameter("#a=b&token=abc", "token"), Some("abc"));
        for other in ["", "#", "#token=", "#token", "#other=abc", "token=abc"] {
            assert_eq!(parameter(other, "token"), None, "{other}");
        }
    }
}
