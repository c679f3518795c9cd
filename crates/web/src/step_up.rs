//! Stores a request that needs a step-up, and continues it afterwards.
//!
//! The URL says what to resume. The tab's sessionStorage confirms that the request was made in this
//! tab, and for which account. So a link from someone else does nothing, and no other account is
//! affected.

use latchkey_client::{Client, SessionState, step_up_href};
use leptos::prelude::RwSignal;
use leptos::prelude::{Effect, Get as _, GetUntracked as _, Set as _, WithUntracked as _, window};
use leptos_router::hooks::use_query_map;
use wasm_bindgen::JsValue;

use crate::last_login;
use crate::session::Session;

/// The query parameter with the resume name.
const PARAMETER: &str = "resume";

/// The key in sessionStorage, which lasts as long as the tab.
const KEY: &str = "latchkey.resume";

/// The request from before the step-up.
struct Intent {
    /// The account that the request is about.
    account: String,
    /// The name of the request.
    name: String,
}

/// Goes to `provider` for a step-up, after which the request with this resume name continues on
/// `page`. Returns whether that was possible.
pub(crate) fn begin(client: &Client, provider: &str, page: &str, resume_name: &str) -> bool {
    let Some(account) = client.tokens().and_then(|tokens| tokens.account) else {
        return false;
    };
    let return_to = remember(page, resume_name, &account);
    go(provider, &account, &return_to).is_some()
}

/// Goes to `provider` for a step-up of this account, after which the browser returns to `return_to`.
pub(crate) fn go(provider: &str, account: &str, return_to: &str) -> Option<()> {
    let href = step_up_href(provider, account, return_to);
    last_login::remember(&href);
    window().location().assign(&href).ok()
}

/// Continues, once, with the request that needed a step-up. `parse` reads its resume name. If the
/// step-up was made with a different account, only sets `status` to the message `other_account`.
pub(crate) fn resume<T: 'static>(
    session: Session,
    page: &'static str,
    parse: fn(&str) -> Option<T>,
    (status, other_account): (RwSignal<String>, &'static str),
    dispatch: impl Fn(T) + 'static,
) {
    let query = use_query_map();
    Effect::new(move || {
        if session.state.get() != SessionState::SignedIn {
            return;
        }
        let query = query.with_untracked(|query| query.get(PARAMETER));
        let Some(intent) = take(page, query.as_deref()) else {
            return;
        };
        let Some(request) = parse(&intent.name) else {
            return;
        };
        if session.account.get_untracked().flatten() != Some(intent.account) {
            status.set(other_account.to_owned());
            return;
        }
        dispatch(request);
    });
}

/// Stores the request of `account` with this resume name. Returns the URL of `page` to return to.
fn remember(page: &str, resume_name: &str, account: &str) -> String {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.set_item(KEY, &format!("{account} {resume_name}"));
    }
    format!("{page}?{PARAMETER}={resume_name}")
}

/// The stored request, if the query contains its name. Removes both, so that a reload does not repeat
/// the request.
fn take(page: &str, query: Option<&str>) -> Option<Intent> {
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
