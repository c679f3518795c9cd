//! What a page has asked the server for: on its way, here, or why it could not be had.

use latchkey_client::{CallError, SessionState};
use leptos::ev;
use leptos::html::{button, p, section};
use leptos::prelude::*;

use super::skeleton::skeleton;
use crate::piece::{late, live, piece};
use crate::sentences;
use crate::session::Session;

/// The latest answer; `None` while the first one is on its way.
pub(crate) type Answer<T> = RwSignal<Option<Result<T, CallError>>>;

/// The `view` of what was asked for; until it is here `lines` grey lines, read out as `waiting`;
/// if it could not be had, why, and a button that has it asked for `again`.
pub(crate) fn answered<T: Clone + Send + Sync + 'static>(
    session: Session,
    answer: Answer<T>,
    (waiting, lines): (&'static str, usize),
    again: impl Fn() + Copy + Send + Sync + 'static,
    view: impl Fn(&T) -> AnyView + Send + Sync + 'static,
) -> impl IntoView {
    live(move || match (session.state.get(), answer.get()) {
        (SessionState::SignedIn, Some(Ok(found))) => view(&found),
        (SessionState::SignedIn, Some(Err(error))) => sorry(error, move || {
            answer.set(None);
            again();
        }),
        _ => piece(
            section()
                .class("card if-starting")
                .child(skeleton(waiting, lines)),
        ),
    })
}

fn sorry(error: CallError, again: impl Fn() + 'static) -> AnyView {
    late(
        section().class("card sorry").child((
            p().child(sentences::call(error)),
            button()
                .r#type("button")
                .class("button")
                .on(ev::click, move |_| again())
                .child("Try again"),
        )),
    )
}
