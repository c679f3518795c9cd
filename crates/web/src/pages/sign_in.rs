//! `/`: the ways to sign in. The server renders the links, so they work without scripts.

use latchkey_client::sign_in::local_path;
use latchkey_client::{EndReason, SessionState, login_href};
use latchkey_types::{ProviderInfo, ProviderKind};
use leptos::html::{a, div, h1, li, p, span, ul};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_navigate, use_query_map};

use super::redirect;
use crate::erased::{client_only, dynamic, empty, erased};
use crate::page_data::PageData;
use crate::session::Session;

/// One link per provider. A signed-in user is redirected to `return_to`.
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

    let providers = PageData::current().providers;
    let signed_in = Memo::new(move |_| session.is_signed_in());
    erased((
        view! { <Title text="Sign in" /> },
        dynamic(move || {
            if signed_in.get() {
                signed_in_card(return_to.get())
            } else {
                sign_in_card(session, return_to, &providers)
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

fn sign_in_card(session: Session, return_to: Memo<String>, providers: &[ProviderInfo]) -> AnyView {
    let links = if providers.is_empty() {
        erased(p().class("c-hint").child(
            "No sign-in provider is configured on this server. Add one to its configuration, or \
             start it with --demo to try it out.",
        ))
    } else {
        let links = providers.iter().cloned();
        erased(
            ul().class("p-sign-in-providers").child(
                links
                    .map(|provider| provider_link(provider, return_to))
                    .collect_view(),
            ),
        )
    };
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
        p().class("c-hint").child(duration),
    )))
}

fn provider_link(provider: ProviderInfo, return_to: Memo<String>) -> impl IntoView {
    let initial: String = provider.label.chars().take(1).collect();
    let hint = (provider.kind == ProviderKind::Demo).then(|| {
        p().class("c-hint")
            .child("Fictional users for trying things out. No password needed.")
    });
    let id = provider.id;
    li().child((
        // `external` keeps the router from handling the link: the server redirects to the provider.
        a().class("c-button p-sign-in-provider")
            .rel("external")
            .href(move || login_href(&id, &return_to.get()))
            .child((
                span()
                    .class("p-sign-in-initial")
                    .aria_hidden("true")
                    .child(initial),
                span().child(format!("Continue with {}", provider.label)),
            )),
        hint,
    ))
}
