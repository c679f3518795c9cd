//! A placeholder while data loads: gray lines, marked as busy.

use leptos::html::{div, span};
use leptos::prelude::*;

/// `lines` gray lines; screen readers announce `label`.
pub fn skeleton(label: &'static str, lines: usize) -> impl IntoView {
    let lines = (0..lines).map(|_| span().class("c-skeleton-line").aria_hidden("true"));
    div().class("c-skeleton").aria_busy("true").child((
        span().class("u-visually-hidden").child(label),
        lines.collect_view(),
    ))
}
