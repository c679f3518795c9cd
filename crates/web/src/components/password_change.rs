//! The section of `/account` that changes the password of a local account.

use std::sync::Arc;

use latchkey_types::PasswordChangeRequest;
use leptos::html::{h2, p, section};
use leptos::prelude::*;

use super::form::{Field, FormSpec};
use crate::erased::{client_only, dynamic_text};

const FIELDS: [Field; 2] = [
    Field {
        name: "current_password",
        label: "Current password",
        required: Some("Enter your current password."),
        ..Field::PASSWORD
    },
    Field::NEW_PASSWORD,
];

/// The form.
pub(crate) fn password_change() -> AnyView {
    let status = RwSignal::new("");
    let form = FormSpec {
        id: "change-password",
        label: "Change your password",
        fields: &FIELDS,
        submit: "Change password",
        busy: "Changing password…",
        send: Arc::new(move |client, values| {
            status.set("");
            let request = PasswordChangeRequest {
                current_password: values.get("current_password"),
                new_password: values.get("new_password"),
            };
            Box::pin(async move { client.change_password(&request).await })
        }),
        done: Callback::new(move |()| {
            status.set("Your password was changed. Your other devices were signed out.");
        }),
    };
    client_only(
        section()
            .class("c-card c-password-change")
            .aria_labelledby("password-heading")
            .child((
                h2().id("password-heading").child("Password"),
                p().class("c-hint")
                    .child("A new password signs out all your other devices."),
                form.view(),
                p().role("status")
                    .class("c-form-status")
                    .child(dynamic_text(move || status.get().to_owned())),
            )),
    )
}
