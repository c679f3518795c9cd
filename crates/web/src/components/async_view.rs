//! What a page fetched from the server: on its way, here, or why it could not be fetched.

use latchkey_client::{CallError, SessionState};
use leptos::ev;
use leptos::html::{button, p, section};
use leptos::prelude::*;

use super::skeleton::skeleton;
use crate::erased::{client_only, dynamic, erased};
use crate::fetched::Fetched;
use crate::messages;
use crate::session::Session;

/// What was fetched. Until it is here, a skeleton; if that failed, why, and a button that tries again.
#[component]
pub(crate) fn AsyncView(
    /// What was fetched, as a view.
    fetched: Callback<(), Fetched<AnyView>>,
    /// What screen readers say while it is on its way.
    waiting: &'static str,
    /// How many lines the skeleton has.
    lines: usize,
    /// Forgets the error and fetches again.
    retry: Callback<()>,
) -> impl IntoView {
    let session = Session::expect();
    dynamic(move || {
        let fetched = match session.state.get() {
            SessionState::SignedIn => fetched.run(()),
            _ => None,
        };
        match fetched {
            Some(Ok(view)) => view,
            Some(Err(error)) => error_card(error, retry),
            None => erased(
                section()
                    .class("c-card u-if-starting")
                    .child(skeleton(waiting, lines)),
            ),
        }
    })
}

fn error_card(error: CallError, retry: Callback<()>) -> AnyView {
    client_only(
        section().class("c-card c-error-card").child((
            p().child(messages::call(error)),
            button()
                .r#type("button")
                .class("c-button")
                .on(ev::click, move |_| retry.run(()))
                .child("Try again"),
        )),
    )
}
