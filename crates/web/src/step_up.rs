//! Stores a request across the step-up that it needs.
//!
//! The URL says what to resume. The tab's sessionStorage confirms that the request was made in this
//! tab, and for which account. So a link from someone else does nothing, and no other account is
//! affected.

use leptos::prelude::window;
use wasm_bindgen::JsValue;

/// The query parameter with the resume name.
pub(crate) const PARAMETER: &str = "resume";

/// The key in sessionStorage, which lasts as long as the tab.
const KEY: &str = "latchkey.resume";

/// The request from before the step-up.
pub(crate) struct Intent {
    /// The account that the request is about.
    pub(crate) account: String,
    /// The name of the request.
    pub(crate) name: String,
}

/// Stores the request of `account` with this resume name. Returns the URL to return to, of this page.
pub(crate) fn remember(page: &str, resume_name: &str, account: &str) -> String {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.set_item(KEY, &format!("{account} {resume_name}"));
    }
    format!("{page}?{PARAMETER}={resume_name}")
}

/// The stored request, if the query names the same. Removes both, so that a reload does not repeat the
/// request.
pub(crate) fn take(page: &str, query: Option<&str>) -> Option<Intent> {
    let intent = take_from_storage();
    let requested = query?;
    hide_query(page);
    let intent = intent?;
    let (account, name) = intent.split_once(' ')?;
    (name == requested).then(|| Intent {
        account: account.to_owned(),
        name: name.to_owned(),
    })
}

fn take_from_storage() -> Option<String> {
    let storage = window().session_storage().ok()??;
    let intent = storage.get_item(KEY).ok()?;
    let _ = storage.remove_item(KEY);
    intent
}

fn hide_query(page: &str) {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(page));
    }
}
