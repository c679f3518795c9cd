//! The sign-in link that was last clicked in this tab, in sessionStorage. It is used to start the same
//! sign-in again, with the same provider and page to return to. `start.js` records clicks.

use latchkey_client::sign_in::is_login_href;
use leptos::prelude::window;

const KEY: &str = "latchkey.login";

/// Stores the link.
pub(crate) fn remember(href: &str) {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.set_item(KEY, href);
    }
}

/// The stored link.
pub(crate) fn read() -> Option<String> {
    let storage = window().session_storage().ok()??;
    let href = storage.get_item(KEY).ok()??;
    is_login_href(&href).then_some(href)
}
