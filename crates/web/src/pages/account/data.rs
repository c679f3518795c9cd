//! The section about the user's data: a download, and deleting the account.

use leptos::ev;
use leptos::html::{button, div, form, h2, h3, input, label, p, section};
use leptos::prelude::*;

use super::action::{AccountActions, Act};
use crate::erased::{client_only, dynamic, dynamic_text, empty, erased};

/// What the user types to confirm the deletion.
const CONFIRMATION: &str = "delete";
/// The id of the field.
const FIELD_ID: &str = "delete-confirmation";
/// The id of the field's error message.
const ERROR_ID: &str = "delete-error";

/// The user's data.
#[component]
pub(super) fn YourData(actions: AccountActions) -> impl IntoView {
    erased(
        section()
            .class("p-account-data")
            .aria_labelledby("data-heading")
            .child((
                h2().id("data-heading").child("Your data"),
                div().class("c-card p-account-part").child((
                    h3().child("Download"),
                    p().child(
                        "A file with the data that this site stores about you: your profile, ways to \
                         sign in, devices, activity and audit records.",
                    ),
                    export_button(actions),
                )),
                div().class("c-card p-account-part").child((
                    h3().child("Delete your account"),
                    p().child(
                        "This deletes your profile, ways to sign in, devices and activity, and \
                         signs you out everywhere. It cannot be undone. This site keeps the ID of \
                         your account: for about a day in the list of tokens that it refuses, and \
                         longer in its audit log, without your addresses and devices. Earlier \
                         backups still contain the account.",
                    ),
                    delete_form(actions),
                )),
            )),
    )
}

fn export_button(actions: AccountActions) -> impl IntoView {
    let is_pending = Memo::new(move |_| {
        actions
            .pending
            .with(|it| it.as_ref() == Some(&Act::Export.key()))
    });
    let text = move || {
        if is_pending.get() {
            "Downloading…".to_owned()
        } else {
            "Download your data".to_owned()
        }
    };
    button()
        .r#type("button")
        .class("c-button")
        .disabled(move || actions.pending.with(Option::is_some))
        .on(ev::click, move |_| actions.dispatch(Act::Export))
        .child(dynamic_text(text))
}

/// A form whose button deletes the account if the field contains the confirmation.
fn delete_form(actions: AccountActions) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let is_wrong = RwSignal::new(false);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let matches = typed.with_untracked(|it| it.trim().eq_ignore_ascii_case(CONFIRMATION));
        is_wrong.set(!matches);
        if matches {
            actions.dispatch(Act::Delete);
        } else {
            focus_field();
        }
    };
    let error = dynamic(move || {
        if is_wrong.get() {
            let text = format!("Type \u{201c}{CONFIRMATION}\u{201d} to confirm.");
            client_only(p().id(ERROR_ID).class("c-form-error").child(text))
        } else {
            empty()
        }
    });
    form()
        .class("c-form p-account-delete")
        .novalidate(true)
        .on(ev::submit, submit)
        .child((
            div().class("c-form-field").child((
                label().r#for(FIELD_ID).child(format!(
                    "To delete your account, type \u{201c}{CONFIRMATION}\u{201d}"
                )),
                input()
                    .id(FIELD_ID)
                    .r#type("text")
                    .class("c-input")
                    .autocomplete("off")
                    .aria_invalid(move || is_wrong.get().then_some("true"))
                    .aria_describedby(move || is_wrong.get().then_some(ERROR_ID))
                    .on(ev::input, move |event| {
                        typed.set(event_target_value(&event));
                    }),
                error,
            )),
            button()
                .r#type("submit")
                .class("c-button c-button-danger")
                .disabled(move || actions.pending.with(Option::is_some))
                .child("Delete account"),
        ))
}

fn focus_field() {
    use wasm_bindgen::JsCast as _;

    if let Some(field) = document().get_element_by_id(FIELD_ID) {
        let _ = field.unchecked_into::<web_sys::HtmlElement>().focus();
    }
}
