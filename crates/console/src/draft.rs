//! What was typed into the forms of a page, kept across a step-up.
//!
//! The tab's sessionStorage holds it from the start of the step-up until the console shows a page again.
//! Only the page at the same URL restores it.

use std::cell::RefCell;

use leptos::prelude::*;

/// The key in sessionStorage.
const KEY: &str = "latchkey.admin.draft";

thread_local! {
    /// The fields of the current page.
    static FIELDS: RefCell<Vec<(&'static str, RwSignal<String>)>> = const { RefCell::new(Vec::new()) };
    /// The initial values of the fields of the current page.
    static RESTORED: RefCell<Vec<(String, String)>> = const { RefCell::new(Vec::new()) };
}

/// Begins a page: forgets the fields of the previous one, and restores what was typed into this one.
pub(crate) fn begin_page() {
    FIELDS.with_borrow_mut(Vec::clear);
    RESTORED.with_borrow_mut(|restored| *restored = take().unwrap_or_default());
}

/// Registers a field of the current page. Sets its value, if one was restored.
pub(crate) fn register(name: &'static str, value: RwSignal<String>) {
    let restored = RESTORED.with_borrow(|restored| {
        let found = restored.iter().find(|(it, _)| it == name);
        found.map(|(_, value)| value.clone())
    });
    if let Some(restored) = restored {
        value.set(restored);
    }
    FIELDS.with_borrow_mut(|fields| fields.push((name, value)));
}

/// Stores the values of all fields of the page at this URL.
pub(crate) fn save(url: &str) {
    let values: Vec<(&str, String)> = FIELDS.with_borrow(|fields| {
        let values = fields.iter().filter_map(|(name, value)| {
            let value = value.try_get_untracked()?;
            (!value.is_empty()).then_some((*name, value))
        });
        values.collect()
    });
    if let (Some(storage), Ok(json)) = (storage(), serde_json::to_string(&(url, values))) {
        let _ = storage.set_item(KEY, &json);
    }
}

/// Removes the stored values. Returns them if they belong to the page at the current URL.
fn take() -> Option<Vec<(String, String)>> {
    let storage = storage()?;
    let json = storage.get_item(KEY).ok()??;
    let _ = storage.remove_item(KEY);
    let (url, values) = serde_json::from_str::<(String, Vec<(String, String)>)>(&json).ok()?;
    let location = window().location();
    let current = location.pathname().ok()? + &location.search().ok()?;
    (url == current).then_some(values)
}

fn storage() -> Option<web_sys::Storage> {
    window().session_storage().ok()?
}
