//! What a page says while the app has not started. The notices stand outside of the app's element
//! and behind it, so that the link that skips to the content stays the first one. `start.js` shows one
//! of them; the styles put it on top and hide it once the app has started.

use leptos::html::{a, div, noscript, p};
use leptos::prelude::*;

/// Without scripts; without WebAssembly; the app did not arrive.
#[component]
pub(crate) fn Notices() -> impl IntoView {
    (
        noscript().child(
            div()
                .role("alert")
                .class("c-notice c-alert c-alert-waiting")
                .child((
                    p().child(
                        "This site needs JavaScript, and this browser does not run it here. Allow \
                 JavaScript for this site, then reload the page; or use another browser.",
                    ),
                    reload(),
                )),
        ),
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

fn notice(id: &'static str, message: &'static str) -> impl IntoView {
    div()
        .id(id)
        .role("alert")
        .class("c-notice c-alert c-alert-waiting")
        .hidden(true)
        .child((p().child(message), reload()))
}

/// The same address again, with the query that the provider sent: a sign-in under way continues.
fn reload() -> impl IntoView {
    a().class("c-alert-action").href("").child("Reload")
}
