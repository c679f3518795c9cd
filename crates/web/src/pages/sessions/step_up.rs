//! Remembers, across a fresh sign-in, what needed one.
//!
//! The address says what to resume. The sessionStorage of the tab says that the person in front of it
//! wanted that, and for which account: a link from somebody else does nothing, and nothing is done to
//! another account.

use leptos::prelude::window;
use wasm_bindgen::JsValue;

use super::ending::Ending;

/// The parameter of the query that holds the resume name.
pub(super) const PARAMETER: &str = "resume";

/// The key in sessionStorage, which lives as long as the tab.
const INTENT: &str = "latchkey.resume";

/// What was wanted before the sign-in.
pub(super) struct Intent {
    /// The account whose sessions are to be ended.
    pub(super) account: String,
    /// Which of them.
    pub(super) ending: Ending,
}

/// Remembers that `account` wants the ending with that resume name; gives the page to return to.
pub(super) fn remember(resume_name: &str, account: &str) -> String {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.set_item(INTENT, &format!("{account} {resume_name}"));
    }
    format!("/sessions?{PARAMETER}={resume_name}")
}

/// What was remembered, if the query asks for the same. It is forgotten, and the query is removed:
/// a reload does not repeat it.
pub(super) fn take(query: Option<&str>) -> Option<Intent> {
    let intent = take_from_storage();
    let asked = query?;
    hide_query();
    let intent = intent?;
    let (account, name) = intent.split_once(' ')?;
    let ending = Ending::from_resume_name(name).filter(|_| name == asked)?;
    Some(Intent {
        account: account.to_owned(),
        ending,
    })
}

fn take_from_storage() -> Option<String> {
    let storage = window().session_storage().ok()??;
    let intent = storage.get_item(INTENT).ok()?;
    let _ = storage.remove_item(INTENT);
    intent
}

fn hide_query() {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some("/sessions"));
    }
}
