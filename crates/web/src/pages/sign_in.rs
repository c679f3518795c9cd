//! `/`: the ways to sign in: a link for each provider, and a form for local accounts. The server
//! renders the links, so they work without scripts.

use std::sync::Arc;

use latchkey_client::sign_in::{local_path, page_href};
use latchkey_client::{EndReason, SessionState, login_href};
use latchkey_types::{PasswordInfo, PasswordRequest, ProviderInfo, ProviderKind, SignUp, paths};
use leptos::html::{a, div, h1, li, p, span, ul};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_navigate, use_query_map};

use super::redirect;
use crate::components::form::{Field, FormSpec};
use crate::components::mark::provider_mark;
use crate::erased::{client_only, dynamic, empty, erased};
use crate::page_data::PageData;
use crate::session::Session;

const PASSWORD_FIELDS: [Field; 2] = [Field::USERNAME, Field::PASSWORD];

/// Shows the ways to sign in. A signed-in user is redirected to `return_to`.
#[component]
pub(crate) fn SignInPage() -> impl IntoView {
    let session = Session::expect();
    let query = use_query_map();
    let return_to = Memo::new(move |_| {
        let requested = query.with(|query| query.get("return_to"));
        local_path(requested.as_deref().unwrap_or_default()).to_owned()
    });

    let navigate = use_navigate();
    Effect::new(move || {
        if session.is_signed_in() {
            redirect(&navigate, &return_to.get_untracked());
        }
    });

    let data = PageData::current();
    let signed_in = Memo::new(move |_| session.is_signed_in());
    erased((
        view! { <Title text="Sign in" /> },
        dynamic(move || {
            if signed_in.get() {
                signed_in_card(return_to.get())
            } else {
                sign_in_card(session, return_to, &data)
            }
        }),
    ))
}

fn signed_in_card(return_to: String) -> AnyView {
    client_only(
        div().class("c-card c-card-narrow p-sign-in").child((
            h1().child("You are signed in"),
            a().class("c-button c-button-primary")
                .href(return_to)
                .child("Continue"),
        )),
    )
}

fn sign_in_card(session: Session, return_to: Memo<String>, data: &PageData) -> AnyView {
    let PageData {
        providers,
        password,
        ..
    } = data;
    let links = match (providers.is_empty(), password) {
        (true, Some(_)) => empty(),
        (true, None) => erased(p().class("c-hint").child(
            "No sign-in provider is configured on this server. Add one to its configuration, or \
             start it with --demo to try it out.",
        )),
        (false, _) => {
            let links = providers.iter().cloned();
            erased(
                ul().class("p-sign-in-providers").child(
                    links
                        .map(|provider| provider_link(provider, return_to))
                        .collect_view(),
                ),
            )
        }
    };
    let divider = (!providers.is_empty() && password.is_some())
        .then(|| p().class("p-sign-in-divider").child("or"));
    let password = password.map(|info| password_form(info, return_to));
    let goodbye = move || {
        let signed_out = session.ended.get() == Some(EndReason::SignedOut)
            && session.state.get() == SessionState::SignedOut;
        if !signed_out {
            return empty();
        }
        client_only(
            p().role("status")
                .class("p-sign-in-goodbye")
                .child("You are signed out."),
        )
    };
    let duration = "You stay signed in on this device until you sign out or your session expires.";
    erased(div().class("c-card c-card-narrow p-sign-in").child((
        span().class("c-mark").aria_hidden("true"),
        h1().child("Sign in"),
        dynamic(goodbye),
        links,
        divider,
        password,
        p().class("c-hint").child(duration),
    )))
}

/// The form for local accounts, and the links for users who cannot use it.
fn password_form(info: PasswordInfo, return_to: Memo<String>) -> impl IntoView {
    let form = FormSpec {
        id: "sign-in",
        label: "Sign in with a password",
        fields: &PASSWORD_FIELDS,
        submit: "Sign in",
        busy: "Signing in…",
        send: Arc::new(|client, values| {
            let request = PasswordRequest {
                username: values.get("username").trim().to_owned(),
                password: values.get("password"),
            };
            Box::pin(async move { client.sign_in_with_password(&request).await })
        }),
        // The page redirects once the session has started.
        done: Callback::new(|()| ()),
    };
    let sign_up = match info.sign_up {
        SignUp::Off => None,
        SignUp::Invite => Some("Use an invitation"),
        SignUp::Open => Some("Create an account"),
    };
    let sign_up_href = move || page_href(paths::SIGN_UP_PAGE, &return_to.get());
    div().child((
        form.view(),
        ul().class("p-sign-in-help").child((
            li().child(
                a().href(paths::RESET_PASSWORD_PAGE)
                    .child("Forgot your password?"),
            ),
            sign_up.map(|label| li().child(a().href(sign_up_href).child(label))),
        )),
    ))
}

fn provider_link(provider: ProviderInfo, return_to: Memo<String>) -> impl IntoView {
    let initial: String = provider.label.chars().take(1).collect();
    let hint = (provider.kind == ProviderKind::Demo).then(|| {
        p().class("c-hint")
            .child("Fictional users for trying things out. No password needed.")
    });
    let mark = provider_mark(provider.kind).unwrap_or_else(|| {
        erased(
            span()
                .class("p-sign-in-initial")
                .aria_hidden("true")
                .child(initial),
        )
    });
    // Microsoft's branding guidelines prescribe these words.
    let words = match provider.kind {
        ProviderKind::Microsoft => "Sign in with",
        _ => "Continue with",
    };
    let id = provider.id;
    li().child((
        // `external` keeps the router from handling the link: the server redirects to the provider.
        a().class("c-button p-sign-in-provider")
            .rel("external")
            .href(move || login_href(&id, &return_to.get()))
            .child((mark, span().child(format!("{words} {}", provider.label)))),
        hint,
    ))
}
