//! The sign-in that this tab began last, in its sessionStorage, so that it can be begun again with the
//! same provider and for the same page. `start.js` notes the links that are followed.

use latchkey_client::sign_in::is_login_href;
use leptos::prelude::window;

const KEY: &str = "latchkey.login";

/// Notes the address that begins a sign-in.
pub(crate) fn note(href: &str) {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.set_item(KEY, href);
    }
}

/// The address that began the last one.
pub(crate) fn last() -> Option<String> {
    let storage = window().session_storage().ok()??;
    let href = storage.get_item(KEY).ok()??;
    is_login_href(&href).then_some(href)
}
