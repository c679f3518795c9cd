//! `/`: the ways to sign in. The links are there before any script, and work without.

use latchkey_client::sign_in::local_path;
use latchkey_client::{EndReason, SessionState, login_href};
use latchkey_types::{ProviderInfo, ProviderKind};
use leptos::html::{a, div, h1, li, p, span, ul};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_navigate, use_query_map};

use super::go_on_to;
use crate::page_data::PageData;
use crate::piece::{late, live, nothing, piece};
use crate::session::Session;

/// One link per provider; whoever is signed in goes on.
pub(crate) fn sign_in() -> AnyView {
    let session = Session::expect();
    let query = use_query_map();
    let return_to = Memo::new(move |_| {
        let wanted = query.with(|query| query.get("return_to"));
        local_path(wanted.as_deref().unwrap_or_default()).to_owned()
    });

    let navigate = use_navigate();
    Effect::new(move || {
        if session.is_signed_in() {
            go_on_to(&navigate, &return_to.get_untracked());
        }
    });

    let providers = PageData::current().providers;
    let signed_in = Memo::new(move |_| session.is_signed_in());
    piece((
        view! { <Title text="Sign in" /> },
        live(move || {
            if signed_in.get() {
                already(return_to.get())
            } else {
                offer(session, return_to, &providers)
            }
        }),
    ))
}

fn already(return_to: String) -> AnyView {
    late(div().class("narrow card sign-in").child((
        h1().child("You are signed in"),
        a().class("button primary").href(return_to).child("Go on"),
    )))
}

fn offer(session: Session, return_to: Memo<String>, providers: &[ProviderInfo]) -> AnyView {
    let ways = if providers.is_empty() {
        piece(p().class("hint").child(
            "No way to sign in is set up on this server yet. Its configuration names the \
                 providers; with --demo it brings one along.",
        ))
    } else {
        let links = providers.iter().cloned();
        piece(
            ul().class("providers").child(
                links
                    .map(|provider| way(provider, return_to))
                    .collect_view(),
            ),
        )
    };
    let goodbye = move || {
        let done = session.ended.get() == Some(EndReason::SignedOut)
            && session.state.get() == SessionState::SignedOut;
        if !done {
            return nothing();
        }
        late(
            p().role("status")
                .class("goodbye")
                .child("You are signed out."),
        )
    };
    piece(
        div().class("narrow card sign-in").child((
            span().class("mark").aria_hidden("true"),
            h1().child("Sign in"),
            live(goodbye),
            ways,
            p().class("hint")
                .child("You stay signed in on this device until you sign out."),
        )),
    )
}

fn way(provider: ProviderInfo, return_to: Memo<String>) -> impl IntoView {
    let initial: String = provider.label.chars().take(1).collect();
    let hint = (provider.kind == ProviderKind::Demo).then(|| {
        p().class("hint")
            .child("Made-up people, to try things out. No password.")
    });
    let id = provider.id;
    li().child((
        // Not the router's business: the server redirects to the provider.
        a().class("button provider")
            .rel("external")
            .href(move || login_href(&id, &return_to.get()))
            .child((
                span()
                    .class("provider-initial")
                    .aria_hidden("true")
                    .child(initial),
                span().child(format!("Continue with {}", provider.label)),
            )),
        hint,
    ))
}
