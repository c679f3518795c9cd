//! Taking up again what needed a recent sign-in first.
//!
//! The address says what to do; this tab's own memory says that the person in front of it wanted
//! that, and for which account. A link that somebody else made up does nothing, and nothing is done to
//! another account.

use latchkey_client::SessionState;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use wasm_bindgen::JsValue;

use super::Page;
use super::ending::{Ending, carry_out};
use crate::session::{Session, client};

/// The parameter of the query.
pub(super) const PARAMETER: &str = "resume";

/// The key in sessionStorage, which lives as long as the tab.
const INTENT: &str = "latchkey.resume";

/// What is said when another account comes back from the sign-in.
const OTHER_ACCOUNT: &str = "You signed in with another account, so no session was ended.";

/// Remembers what is to be done after the sign-in, and to the sessions of which account.
pub(super) fn intend(name: &str, account: &str) {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.set_item(INTENT, &format!("{account} {name}"));
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
        let Some((account, name)) = intended.as_deref().and_then(|it| it.split_once(' ')) else {
            return;
        };
        if name != asked {
            return;
        }
        let signed_in = client().tokens().and_then(|tokens| tokens.account);
        if signed_in.as_deref() != Some(account) {
            page.told.set(OTHER_ACCOUNT.to_owned());
        } else if let Some(ending) = Ending::named(&asked) {
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
