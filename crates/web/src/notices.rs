//! Notices for a page whose app has not started. They come after the app's root element, so that the
//! skip link stays the first link of the page. `start.js` shows one of them. The styles move it to the
//! top and hide it once the app has started.

use leptos::html::{a, div, noscript, p};
use leptos::prelude::*;

/// The notices for a browser without JavaScript, a browser without WebAssembly, and an app that did
/// not load. Without `start.js`, only the first can be visible.
#[component]
pub(crate) fn Notices() -> impl IntoView {
    (
        noscript().child(
            div()
                .role("alert")
                .class("c-notice c-alert c-alert-waiting")
                .child((
                    p().child(
                        "This site needs JavaScript, which is switched off in this browser or \
                         blocked for this site. Allow JavaScript for this site and reload the \
                         page, or use another browser.",
                    ),
                    reload(),
                )),
        ),
        notice(
            "webassembly-missing",
            "This site needs WebAssembly, which this browser does not support or has switched off. \
             Lockdown Mode, a setting or an extension can switch it off. Allow WebAssembly for \
             this site and reload the page, or use another browser.",
        ),
        notice(
            "app-missing",
            "Part of this page did not load or did not start. Reload the page. A sign-in that you \
             started in the last ten minutes will continue. If reloading does not help, switch off \
             extensions for this site or use another browser.",
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

/// Loads the same address again, including the provider's query, so that a sign-in continues.
fn reload() -> impl IntoView {
    a().class("c-alert-action").href("").child("Reload")
}
