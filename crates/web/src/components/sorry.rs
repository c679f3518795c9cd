//! What stands where something should be that could not be had.

use latchkey_client::CallError;
use leptos::ev;
use leptos::html::{button, p, section};
use leptos::prelude::*;

use crate::piece::late;
use crate::sentences;

/// Says why, and offers to try again.
pub(crate) fn sorry(error: CallError, again: impl Fn() + 'static) -> AnyView {
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
