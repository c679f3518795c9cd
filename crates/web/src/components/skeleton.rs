//! What stands where something is about to be: grey lines, said to be busy.

use leptos::html::{div, span};
use leptos::prelude::*;

/// `lines` grey lines in place of `what`.
pub(crate) fn skeleton(what: &'static str, lines: usize) -> impl IntoView {
    let lines = (0..lines).map(|_| span().class("skeleton-line").aria_hidden("true"));
    div().class("skeleton").aria_busy("true").child((
        span().class("visually-hidden").child(what),
        lines.collect_view(),
    ))
}
