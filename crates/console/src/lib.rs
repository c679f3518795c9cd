//! The administration console: `/admin` and the pages below it, as a separate WebAssembly module, so
//! that the browsers of users without the role `admin` never load it.
//!
//! The page `crates/web/src/pages/admin.rs` mounts the console and gives it functions (`host.rs`) that
//! send requests with the access token, navigate, and start a step-up. They use the page's auth
//! client, because a tab must have only one. Shared components come from `latchkey-web`.
//!
//! All pages are rendered in the browser. Elements are built with the functions of `leptos::html`, as in
//! `latchkey-web`. The URL contains the filters and the current page of a list.

mod api;
mod app;
mod chart;
mod download;
mod draft;
mod field;
mod form;
mod host;
mod link;
mod page;
mod pages;
mod query;
mod remote;
mod route;
mod table;
mod text;
mod time_field;

use std::any::Any;

use js_sys::Object;
use leptos::mount::mount_to;
use leptos::prelude::*;
use web_sys::HtmlElement;

use crate::host::Host;

/// The console in a page. Dropping it removes the console.
pub struct Mounted {
    url: ArcRwSignal<String>,
    /// The handle of Leptos, which unmounts the view when it is dropped.
    _handle: Box<dyn Any>,
}

impl Mounted {
    /// Shows the page at this path and query.
    pub fn set_url(&self, url: String) {
        self.url.set(url);
    }
}

/// Mounts the console in an element, at the path and query `url`. `host` holds the functions of the page
/// around it.
pub fn mount(element: HtmlElement, host: Object, url: String) -> Mounted {
    let url = ArcRwSignal::new(url);
    let signal = url.clone();
    let handle = mount_to(element, move || {
        Host::provide(host);
        app::view(signal.into())
    });
    Mounted {
        url,
        _handle: Box::new(handle),
    }
}
