//! What a page says as long as the app that belongs to it has not started. It stands outside of the
//! app's element, and behind it, where no link of it comes before the one that skips to the content:
//! `start.js` shows one of these, the styles put it on top and hide it once the app has started.

use leptos::html::{a, div, noscript, p};
use leptos::prelude::*;

/// Scripts are off; WebAssembly is off; the app did not arrive.
pub(crate) fn notices() -> impl IntoView {
    (
        noscript().child(div().role("alert").class("notice alert waiting").child((
            p().child(
                "This site needs JavaScript, and this browser does not run it here. Allow \
                 JavaScript for this site, then reload the page; or use another browser.",
            ),
            reload(),
        ))),
        notice(
            "webassembly-missing",
            "This site needs WebAssembly, and this browser does not offer it. It may be switched \
             off: by Lockdown Mode, by a setting or by an extension. Allow it for this site, then \
             reload the page; or use another browser.",
        ),
        notice(
            "app-missing",
            "A part of this page has not arrived or does not start. Reload the page: a sign-in \
             begun in the last ten minutes goes on. If that does not help, switch off extensions \
             for this site or use another browser.",
        ),
    )
}

fn notice(id: &'static str, sentence: &'static str) -> impl IntoView {
    div()
        .id(id)
        .role("alert")
        .class("notice alert waiting")
        .hidden(true)
        .child((p().child(sentence), reload()))
}

/// The same address again, with all that the provider put into it: a sign-in under way goes on.
fn reload() -> impl IntoView {
    a().class("alert-action").href("").child("Reload")
}
