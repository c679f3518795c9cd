//! `/confirm`: the step-up of a local account. The user enters the password again, which opens a new
//! session in place of the current one.

use std::sync::Arc;

use latchkey_client::sign_in::local_path;
use latchkey_types::PasswordRequest;
use leptos::html::{a, div, h1, p};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_navigate, use_query_map};

use super::redirect;
use crate::components::form::{Field, FormSpec};
use crate::erased::erased;

const FIELDS: [Field; 2] = [Field::USERNAME, Field::PASSWORD];

/// The form; afterwards the browser returns to `return_to`.
#[component]
pub(crate) fn ConfirmPage() -> impl IntoView {
    let query = use_query_map();
    let return_to = query.with_untracked(|query| query.get("return_to"));
    let return_to = local_path(&return_to.unwrap_or_default()).to_owned();
    let cancel = return_to.split('?').next().unwrap_or("/").to_owned();
    let navigate = use_navigate();
    let form = FormSpec {
        id: "confirm",
        label: "Confirm that it is you",
        fields: &FIELDS,
        submit: "Continue",
        busy: "Checking…",
        send: Arc::new(|client, values| {
            let request = PasswordRequest {
                username: values.get("username").trim().to_owned(),
                password: values.get("password"),
            };
            Box::pin(async move { client.sign_in_with_password(&request).await })
        }),
        done: Callback::new(move |()| redirect(&navigate, &return_to)),
    };
    erased((
        view! { <Title text="Confirm that it is you" /> },
        div().class("c-card c-card-narrow").child((
            h1().child("Confirm that it is you"),
            p().child("This action needs a recent sign-in. Enter your password again."),
            form.view(),
            p().class("c-hint").child(a().href(cancel).child("Cancel")),
        )),
    ))
}
