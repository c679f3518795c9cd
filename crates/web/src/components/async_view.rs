//! The view of fetched data: loading, loaded or failed.

use latchkey_client::{CallError, SessionState};
use leptos::ev;
use leptos::html::{button, p, section};
use leptos::prelude::*;

use super::skeleton::skeleton;
use crate::erased::{client_only, dynamic, erased};
use crate::fetched::Fetched;
use crate::messages;
use crate::session::Session;

/// Shows a skeleton while loading, then the data, or an error and a button to try again.
#[component]
pub(crate) fn AsyncView(
    /// The data as a view.
    fetched: Callback<(), Fetched<AnyView>>,
    /// What screen readers announce while the data loads.
    waiting: &'static str,
    /// The number of lines of the skeleton.
    lines: usize,
    /// Clears the error and fetches again.
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
