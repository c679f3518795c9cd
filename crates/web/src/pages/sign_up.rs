//! `/sign-up`: creates a local account. An invitation is in the fragment of the link, or in its query.

use latchkey_client::sign_in::local_path;
use latchkey_types::{SignUp, SignUpRequest};
use leptos::html::{a, div, h1, p};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_navigate, use_query_map};
use std::sync::Arc;

use super::{link_parameter, redirect, unavailable_card};
use crate::components::form::{Field, FormSpec};
use crate::erased::{client_only, dynamic, erased};
use crate::page_data::PageData;

const FIELDS: [Field; 4] = [
    Field {
        hint: "Letters from a to z, digits, and . _ - + @",
        required: Some("Choose a username."),
        ..Field::USERNAME
    },
    Field {
        name: "name",
        label: "Your name (optional)",
        kind: "text",
        autocomplete: "name",
        hint: "",
        required: None,
    },
    Field {
        name: "email",
        label: "Email address (optional)",
        kind: "email",
        autocomplete: "email",
        hint: "For a link to set a new password if you forget yours.",
        required: None,
    },
    Field {
        name: "password",
        label: "Password",
        ..Field::NEW_PASSWORD
    },
];

/// The form for a new account, or why there is none.
#[component]
pub(crate) fn SignUpPage() -> impl IntoView {
    let sign_up = PageData::current().password.map(|info| info.sign_up);
    let query = use_query_map();
    let return_to = query.with_untracked(|query| query.get("return_to"));
    let return_to = local_path(&return_to.unwrap_or_default()).to_owned();
    let invitation = RwSignal::new(query.with_untracked(|query| query.get("invitation")));
    // The server does not receive the fragment, so it renders the form. The browser then checks whether
    // there is an invitation.
    let needs_invitation = RwSignal::new(false);
    Effect::new(move || {
        if let Some(token) = link_parameter("invitation") {
            invitation.set(Some(token));
        }
        let is_missing = invitation.with_untracked(Option::is_none);
        needs_invitation.set(sign_up == Some(SignUp::Invite) && is_missing);
    });
    let card = move || match sign_up {
        None | Some(SignUp::Off) => unavailable_card(
            "You cannot create an account here",
            "Ask the administrator of this site for an account, or choose another way to sign in.",
        ),
        Some(SignUp::Invite | SignUp::Open) => {
            let return_to = return_to.clone();
            erased(dynamic(move || {
                if needs_invitation.get() {
                    invitation_card()
                } else {
                    form_card(invitation, return_to.clone())
                }
            }))
        }
    };
    erased((view! { <Title text="Create an account" /> }, card()))
}

fn invitation_card() -> AnyView {
    client_only(div().class("c-card c-card-narrow").child((
        h1().child("You need an invitation"),
        p().child(
            "Without an invitation, you cannot create an account on this site. If you have one, \
                 open its link again. Otherwise, ask the administrator of this site for one.",
        ),
        a().class("c-button").href("/").child("Back to sign-in"),
    )))
}

fn form_card(invitation: RwSignal<Option<String>>, return_to: String) -> AnyView {
    let navigate = use_navigate();
    let form = FormSpec {
        id: "sign-up",
        label: "Create an account",
        fields: &FIELDS,
        submit: "Create account",
        busy: "Creating account…",
        send: Arc::new(move |client, values| {
            let request = SignUpRequest {
                username: values.get("username").trim().to_owned(),
                password: values.get("password"),
                name: values.optional("name"),
                email: values.optional("email"),
                invitation: invitation.get_untracked(),
            };
            Box::pin(async move { client.sign_up(&request).await })
        }),
        done: Callback::new(move |()| redirect(&navigate, &return_to)),
    };
    erased(div().class("c-card c-card-narrow").child((
        h1().child("Create an account"),
        form.view(),
        p().class("c-hint").child((
            "Already have an account? ",
            a().href("/").child("Sign in"),
            ".",
        )),
    )))
}
