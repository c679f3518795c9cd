//! Taking up again what needed a recent sign-in first.
//!
//! The address says what to do; this tab's own memory says that the person in front of it wanted
//! that. A link that somebody else made up does nothing.

use latchkey_client::SessionState;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use wasm_bindgen::JsValue;

use super::Page;
use super::ending::{Ending, carry_out};
use crate::session::Session;

/// The parameter of the query.
pub(super) const PARAMETER: &str = "resume";

/// The key in sessionStorage, which lives as long as the tab.
const INTENT: &str = "latchkey.resume";

/// Remembers what is to be done after the sign-in.
pub(super) fn intend(name: &str) {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.set_item(INTENT, name);
    }
}

/// Does what was left to be done, once.
pub(super) fn resume(session: Session, page: Page) {
    let query = use_query_map();
    Effect::new(move || {
        if session.state.get() != SessionState::SignedIn {
            return;
        }
        let intended = intended();
        let Some(asked) = query.with_untracked(|query| query.get(PARAMETER)) else {
            return;
        };
        hide_query();
        if intended.as_ref() == Some(&asked)
            && let Some(ending) = Ending::named(&asked)
        {
            carry_out(page, ending, true);
        }
    });
}

/// What was intended; from now on nothing is.
fn intended() -> Option<String> {
    let storage = window().session_storage().ok()??;
    let intended = storage.get_item(INTENT).ok()?;
    let _ = storage.remove_item(INTENT);
    intended
}

/// A reload does nothing a second time.
fn hide_query() {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some("/sessions"));
    }
}
