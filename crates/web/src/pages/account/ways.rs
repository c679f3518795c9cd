//! The section about the ways to sign in: a list, and buttons to add and remove them.

use std::sync::Arc;

use latchkey_client::sign_in::LOCAL;
use latchkey_types::{IdentityInfo, ProviderInfo};
use leptos::html::{div, h2, h3, li, p, section, span, ul};
use leptos::prelude::*;

use super::action::{AccountActions, Act};
use crate::components::async_view::AsyncView;
use crate::components::confirm::ConfirmAction;
use crate::erased::{client_only, dynamic_text, empty, erased};
use crate::page_data::PageData;
use crate::time;

/// The ways to sign in to the account.
#[component]
pub(super) fn WaysToSignIn(actions: AccountActions) -> impl IntoView {
    let providers: Arc<[ProviderInfo]> = PageData::current().providers.into();
    let identities = actions.identities;
    let fetched = Callback::new(move |()| {
        let identities = identities.get()?;
        Some(identities.map(|list| ways(actions, &list, &providers)))
    });
    let retry = Callback::new(move |()| identities.retry());
    erased(
        section()
            .class("p-account-ways")
            .aria_labelledby("ways-heading")
            .child((
                h2().id("ways-heading").child("Ways to sign in"),
                view! { <AsyncView fetched waiting="Loading the ways to sign in" lines=3 retry /> },
            )),
    )
}

fn ways(
    actions: AccountActions,
    identities: &[IdentityInfo],
    providers: &[ProviderInfo],
) -> AnyView {
    let is_only = |it: &IdentityInfo| {
        let mut others = identities.iter().filter(|other| other.id != it.id);
        if it.suspended {
            others.next().is_none()
        } else {
            others.all(|other| other.suspended)
        }
    };
    let items = identities
        .iter()
        .map(|it| way(actions, it, providers, is_only(it)));
    let unused = providers.iter().filter(|provider| {
        let of_provider =
            |it: &IdentityInfo| it.provider.as_ref() == Some(&provider.id) && !it.suspended;
        !identities.iter().any(of_provider)
    });
    let buttons: Vec<_> = unused.map(|it| add_button(actions, it)).collect();
    let add = if buttons.is_empty() {
        empty()
    } else {
        client_only(div().class("p-account-add").child((
            p().class("c-hint").child(
                "Add another way to sign in to this account. You will sign in at the provider to \
                     confirm that it is yours.",
            ),
            div().class("c-button-row").child(buttons),
        )))
    };
    client_only((
        ul().class("p-account-way-list").child(items.collect_view()),
        add,
    ))
}

fn way(
    actions: AccountActions,
    identity: &IdentityInfo,
    providers: &[ProviderInfo],
    only: bool,
) -> AnyView {
    let provider = providers
        .iter()
        .find(|it| identity.provider.as_ref() == Some(&it.id));
    let name = match (provider, &*identity.issuer) {
        (Some(provider), _) => provider.label.clone(),
        (None, LOCAL) => "Password".to_owned(),
        (None, issuer) => format!("{issuer} (no longer offered here)"),
    };
    let badge = if identity.current {
        client_only(span().class("c-badge").child("This session"))
    } else if identity.suspended {
        client_only(span().class("c-badge").child("Suspended"))
    } else {
        empty()
    };
    let suspended = identity.suspended.then(|| {
        p().class("c-hint").child(
            "The password was reset, so this way to sign in is suspended. If it is yours, add it \
             again below. Otherwise, remove it.",
        )
    });
    let address = match (&identity.email, identity.email_verified) {
        (Some(email), Some(true)) => email.clone(),
        (Some(email), _) => format!("{email} (not verified)"),
        (None, _) => "No email address".to_owned(),
    };
    let facts = [
        address,
        format!("Added {}", time::date_time(identity.linked_at)),
    ];
    let facts = facts.into_iter().map(|fact| li().child(fact));
    let remove = if only {
        client_only(
            p().class("c-hint")
                .child("The only way to sign in cannot be removed."),
        )
    } else {
        remove_button(actions, identity, &name)
    };
    client_only(
        li().class("c-card p-account-way").child((
            div()
                .class("p-account-way-head")
                .child((h3().child(name), badge)),
            ul().class("p-account-way-facts")
                .child(facts.collect_view()),
            suspended,
            remove,
        )),
    )
}

fn remove_button(actions: AccountActions, identity: &IdentityInfo, name: &str) -> AnyView {
    let act = Act::Remove(identity.id.clone());
    let question = if identity.current {
        "Remove it and sign out here?"
    } else {
        "Remove it and sign out its devices?"
    };
    let action = ConfirmAction {
        key: act.key(),
        label: "Remove",
        name: name.to_owned(),
        question,
        busy: "Removing…",
    };
    let on_confirm = Callback::new(move |()| actions.dispatch(act.clone()));
    actions.confirm.button(action, on_confirm)
}

fn add_button(actions: AccountActions, provider: &ProviderInfo) -> AnyView {
    use leptos::ev;
    use leptos::html::button;

    let act = Act::Link(provider.id.clone());
    let (key, label) = (act.key(), provider.label.clone());
    let is_pending = Memo::new(move |_| actions.pending.with(|it| it.as_ref() == Some(&key)));
    let text = move || {
        if is_pending.get() {
            "Opening the provider…".to_owned()
        } else {
            format!("Add {label}")
        }
    };
    client_only(
        button()
            .r#type("button")
            .class("c-button")
            .disabled(move || actions.pending.with(Option::is_some))
            .on(ev::click, move |_| actions.dispatch(act.clone()))
            .child(dynamic_text(text)),
    )
}
