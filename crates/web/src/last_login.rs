//! The last sign-in link that was followed in this tab, in sessionStorage. With it the same sign-in
//! can be started again: same provider, same page to return to. `start.js` records links as they
//! are clicked.

use latchkey_client::sign_in::is_login_href;
use leptos::prelude::window;

const KEY: &str = "latchkey.login";

/// Remembers the link.
pub(crate) fn remember(href: &str) {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.set_item(KEY, href);
    }
}

/// The last link.
pub(crate) fn read() -> Option<String> {
    let storage = window().session_storage().ok()??;
    let href = storage.get_item(KEY).ok()??;
    is_login_href(&href).then_some(href)
}
