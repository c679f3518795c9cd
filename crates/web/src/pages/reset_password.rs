//! `/reset-password`: requests a link to set a password, or sets one with the token in the fragment.

use std::sync::Arc;

use latchkey_types::{PasswordResetRequest, ResetLinkRequest};
use leptos::html::{a, div, h1, p};
use leptos::prelude::*;
use leptos_meta::Title;

use super::{link_parameter, unavailable_card};
use crate::components::form::{Field, FormSpec};
use crate::erased::{client_only, dynamic, erased};
use crate::page_data::PageData;

const REQUEST_FIELDS: [Field; 1] = [Field {
    label: "Username or email address",
    required: Some("Enter your username or your email address."),
    ..Field::USERNAME
}];
const RESET_FIELDS: [Field; 1] = [Field::NEW_PASSWORD];

/// What the page shows.
#[derive(Clone, PartialEq, Eq)]
enum Step {
    /// The form that requests a link.
    Request,
    /// A link was requested.
    Requested,
    /// The form for the new password, with the token of the link.
    Reset(String),
    /// The password was set.
    Done,
}

/// The form for the current step.
#[component]
pub(crate) fn ResetPasswordPage() -> impl IntoView {
    let step = RwSignal::new(Step::Request);
    let mail = PageData::current().password.map(|info| info.mail);
    Effect::new(move || {
        if let Some(token) = link_parameter("token") {
            step.set(Step::Reset(token));
        }
    });
    let title = move || match step.get() {
        Step::Request | Step::Requested => "Forgot your password?",
        Step::Reset(_) | Step::Done => "Set a new password",
    };
    erased((
        view! { <Title text=title /> },
        dynamic(move || match step.get() {
            Step::Request => match mail {
                None => unavailable_card(
                    "No passwords on this site",
                    "Accounts on this site have no password. Sign in with your provider.",
                ),
                Some(false) => unavailable_card(
                    "Forgot your password?",
                    "This site sends no mail. Ask its administrator for a link to set a new \
                     password.",
                ),
                Some(true) => request_card(step),
            },
            Step::Requested => requested_card(),
            Step::Reset(token) => reset_card(step, token),
            Step::Done => done_card(),
        }),
    ))
}

fn request_card(step: RwSignal<Step>) -> AnyView {
    let form = FormSpec {
        id: "request-link",
        label: "Request a link",
        fields: &REQUEST_FIELDS,
        submit: "Send link",
        busy: "Sending…",
        send: Arc::new(|client, values| {
            let username = values.get("username").trim().to_owned();
            let request = ResetLinkRequest { username };
            Box::pin(async move { client.request_password_reset(&request).await })
        }),
        done: Callback::new(move |()| step.set(Step::Requested)),
    };
    erased(
        div().class("c-card c-card-narrow").child((
            h1().child("Forgot your password?"),
            p().child(
                "We will send a link to the email address of your account. Use it to set a new \
                 password.",
            ),
            form.view(),
            p().class("c-hint")
                .child(a().href("/").child("Back to sign-in")),
        )),
    )
}

fn requested_card() -> AnyView {
    client_only(div().class("c-card c-card-narrow").child((
        h1().child("Check your mail"),
        p().role("status").child(
            "If there is such an account and it has an email address, we are sending a link to \
                 that address. It works once, for at most an hour. If it does not arrive, check \
                 your spam folder.",
        ),
        a().class("c-button").href("/").child("Back to sign-in"),
    )))
}

fn reset_card(step: RwSignal<Step>, token: String) -> AnyView {
    let form = FormSpec {
        id: "reset",
        label: "Set a new password",
        fields: &RESET_FIELDS,
        submit: "Set password",
        busy: "Setting password…",
        send: Arc::new(move |client, values| {
            let request = PasswordResetRequest {
                token: token.clone(),
                new_password: values.get("new_password"),
            };
            Box::pin(async move { client.reset_password(&request).await })
        }),
        done: Callback::new(move |()| step.set(Step::Done)),
    };
    client_only(
        div().class("c-card c-card-narrow").child((
            h1().child("Set a new password"),
            p().child(
                "All devices that are signed in to your account will be signed out. Any other ways \
                 to sign in will be suspended until you add them again.",
            ),
            form.view(),
            p().class("c-hint").child((
                "Link not working? ",
                a().rel("external")
                    .href("/reset-password")
                    .child("Request a new one"),
                ".",
            )),
        )),
    )
}

fn done_card() -> AnyView {
    client_only(
        div().class("c-card c-card-narrow").child((
            h1().child("Your password is set"),
            p().role("status").child(
                "All devices were signed out, and any other ways to sign in are suspended. Sign in \
                     with your new password.",
            ),
            a().class("c-button c-button-primary")
                .href("/")
                .child("Sign in"),
        )),
    )
}
