//! Stores a request across the step-up that it needs.
//!
//! The URL says what to resume. The tab's sessionStorage confirms that the request was made in this
//! tab, and for which account. So a link from someone else does nothing, and no other account is
//! affected.

use leptos::prelude::window;
use wasm_bindgen::JsValue;

use super::end_target::EndTarget;

/// The query parameter with the resume name.
pub(super) const PARAMETER: &str = "resume";

/// The key in sessionStorage, which lasts as long as the tab.
const KEY: &str = "latchkey.resume";

/// The request from before the step-up.
pub(super) struct Intent {
    /// The account whose sessions to end.
    pub(super) account: String,
    /// Which sessions to end.
    pub(super) target: EndTarget,
}

/// Stores the request of `account` with this resume name. Returns the page to return to.
pub(super) fn remember(resume_name: &str, account: &str) -> String {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.set_item(KEY, &format!("{account} {resume_name}"));
    }
    format!("/sessions?{PARAMETER}={resume_name}")
}

/// The stored request, if the query names the same. Removes both, so that a reload does not repeat the
/// request.
pub(super) fn take(query: Option<&str>) -> Option<Intent> {
    let intent = take_from_storage();
    let requested = query?;
    hide_query();
    let intent = intent?;
    let (account, name) = intent.split_once(' ')?;
    let target = EndTarget::from_resume_name(name).filter(|_| name == requested)?;
    Some(Intent {
        account: account.to_owned(),
        target,
    })
}

fn take_from_storage() -> Option<String> {
    let storage = window().session_storage().ok()??;
    let intent = storage.get_item(KEY).ok()?;
    let _ = storage.remove_item(KEY);
    intent
}

fn hide_query() {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some("/sessions"));
    }
}
