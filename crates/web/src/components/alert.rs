//! The one message that matters to the whole session: signed out by the server, or the server
//! cannot be reached.

use latchkey_client::EndReason;
use leptos::ev;
use leptos::html::{a, button, div, p, span};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::piece::{late, live, nothing};
use crate::sentences;
use crate::session::Session;

/// At most one alert. It is put into the page when there is something to say, so that screen
/// readers say it.
pub(crate) fn alert() -> impl IntoView {
    let session = Session::expect();
    let path = use_location().pathname;
    live(move || {
        let ended = session.ended.get();
        if let Some(sentence) = ended.and_then(sentences::ended) {
            let path = path.get();
            // The sign-in page needs no link to itself.
            let back = (path != "/").then(|| sentences::after_sign_in(ended, &path));
            return session_ended(session, sentence, back);
        }
        let Some(trouble) = session.trouble.get() else {
            return nothing();
        };
        let sentence = sentences::trouble(trouble, session.is_signed_in());
        let alert = div().role("alert").class("alert waiting");
        late(alert.child(p().child(sentence)))
    })
}

fn session_ended(session: Session, sentence: &'static str, back: Option<&str>) -> AnyView {
    let sign_in = back.map(|path| {
        a().class("alert-action")
            .href(format!("/?return_to={path}"))
            .child("Sign in")
    });
    late(
        div().role("alert").class("alert ended").child((
            p().child(sentence),
            sign_in,
            button()
                .r#type("button")
                .class("alert-dismiss")
                .aria_label("Dismiss this message")
                .on(ev::click, move |_| session.ended.set(None::<EndReason>))
                .child(span().class("cross").aria_hidden("true")),
        )),
    )
}
