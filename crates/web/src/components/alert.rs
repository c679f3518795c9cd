//! The alert about the session: it ended, or the server cannot be reached.

use latchkey_client::EndReason;
use leptos::ev;
use leptos::html::{a, button, div, p, span};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::erased::{client_only, dynamic, empty};
use crate::messages;
use crate::session::Session;

/// At most one alert. It is added to the page only when needed, so that screen readers announce it.
#[component]
pub(crate) fn SessionAlert() -> impl IntoView {
    let session = Session::expect();
    let path = use_location().pathname;
    dynamic(move || {
        let ended = session.ended.get();
        if let Some(message) = ended.and_then(messages::ended) {
            let path = path.get();
            // The sign-in page needs no link to itself.
            let return_to = (path != "/").then(|| messages::after_sign_in(ended, &path));
            return session_ended(session, message, return_to);
        }
        let Some(error) = session.outage.get() else {
            return empty();
        };
        let message = messages::outage(error, session.is_signed_in());
        let alert = div().role("alert").class("c-alert c-alert-waiting");
        client_only(alert.child(p().child(message)))
    })
}

fn session_ended(session: Session, message: &'static str, return_to: Option<&str>) -> AnyView {
    let sign_in = return_to.map(|path| {
        a().class("c-alert-action")
            .href(format!("/?return_to={path}"))
            .child("Sign in")
    });
    client_only(
        div().role("alert").class("c-alert c-alert-ended").child((
            p().child(message),
            sign_in,
            button()
                .r#type("button")
                .class("c-alert-dismiss")
                .aria_label("Dismiss this message")
                .on(ev::click, move |_| session.ended.set(None::<EndReason>))
                .child(span().class("c-cross").aria_hidden("true")),
        )),
    )
}
