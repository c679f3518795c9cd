//! `/callback` and `/callback/{provider}`: the provider redirects to this page, which completes the
//! sign-in without a click. Reloading it and going back to it do no harm.

mod last_attempt;

use latchkey_client::{CallbackQuery, Client, LinkError, SignInError, login_href, sign_in};
use latchkey_types::identity::LINK_STATE_PREFIX;
use latchkey_types::{ErrorCode, paths};
use leptos::html::{a, div, h1, p, span};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_navigate, use_query_map};
use wasm_bindgen::JsValue;

use self::last_attempt::LastAttempt;
use super::redirect;
use crate::auth_client::AuthClient;
use crate::erased::{client_only, dynamic, erased};
use crate::last_login;
use crate::messages;

/// What failed, and why.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// The sign-in.
    SignIn(SignInError),
    /// Adding a way to sign in to the account.
    Link(LinkError),
}

/// Completes the sign-in, or adds a way to sign in to the account, and redirects, or shows what
/// failed.
#[component]
pub(crate) fn CallbackPage() -> impl IntoView {
    let client = AuthClient::expect();
    let complete = Action::new_unsync(move |query: &CallbackQuery| {
        let (client, query) = (client.get(), query.clone());
        async move {
            let state = query.state.as_deref().unwrap_or_default();
            if state.starts_with(LINK_STATE_PREFIX) {
                let linked = client.complete_link(&query).await;
                linked
                    .map(|()| "/account".to_owned())
                    .map_err(Failure::Link)
            } else {
                complete(&client, &query).await.map_err(Failure::SignIn)
            }
        }
    });
    let query = use_query_map();
    Effect::new(move || {
        let query = query.with_untracked(|query| CallbackQuery {
            code: query.get("code"),
            state: query.get("state"),
            iss: query.get("iss"),
            error: query.get("error"),
            error_description: query.get("error_description"),
            redirect_uri: redirect_uri(),
        });
        hide_query();
        complete.dispatch(query);
    });
    let navigate = use_navigate();
    Effect::new(move || {
        if let Some(Ok(path)) = complete.value().get() {
            redirect(&navigate, &path);
        }
    });
    let failure = move || complete.value().get().and_then(Result::err);
    let title = move || match failure() {
        Some(Failure::SignIn(_)) => "Sign-in failed",
        Some(Failure::Link(_)) => "Nothing was added",
        None => "Signing you in",
    };
    erased((
        view! { <Title text=title /> },
        dynamic(move || match failure() {
            Some(Failure::SignIn(error)) => failure_card(error),
            Some(Failure::Link(error)) => link_failure_card(error),
            None => progress_card(),
        }),
    ))
}

/// Completes the sign-in and returns the path to go to.
async fn complete(client: &Client, query: &CallbackQuery) -> Result<String, SignInError> {
    let last = LastAttempt::read();
    let state = query.code.as_ref().and(query.state.as_deref());
    if state.is_some_and(|state| !last.completed(state)) {
        LastAttempt::Pending.write();
    }
    match client.complete_sign_in(query).await {
        Ok(signed_in) => {
            LastAttempt::Completed(state.unwrap_or_default().to_owned()).write();
            let return_to = signed_in.return_to.unwrap_or_default();
            Ok(sign_in::local_path(&return_to).to_owned())
        }
        // The sign-in was completed before the user reloaded the page or went back to it. Stored
        // tokens alone do not prove that, because they can belong to another account that signed
        // in earlier or in another tab.
        Err(SignInError::NotInProgress)
            if client.tokens().is_some() && last != LastAttempt::Pending =>
        {
            Ok(sign_in::local_path("").to_owned())
        }
        Err(SignInError::Refused(Some(ErrorCode::SignInNotFound)))
            if client.tokens().is_some() && state.is_some_and(|state| last.completed(state)) =>
        {
            Ok(sign_in::local_path("").to_owned())
        }
        Err(error) => Err(error),
    }
}

/// Removes the code from the address bar and the history, where others could read it. A reload does
/// not need it: a code works only once.
fn hide_query() {
    if let Ok(history) = window().history() {
        let path = window().location().pathname();
        let path = path.unwrap_or_else(|_| paths::CALLBACK.to_owned());
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&path));
    }
}

/// The redirect URI that the provider redirected to.
fn redirect_uri() -> Option<String> {
    let location = window().location();
    Some(location.origin().ok()? + &location.pathname().ok()?)
}

/// The link to try again: if the sign-in took too long, it leads to the same provider.
fn retry_href(error: SignInError) -> String {
    let same_provider = (error == SignInError::ProviderTimeout).then(|| {
        let path = window().location().pathname().unwrap_or_default();
        let provider = path.strip_prefix(paths::CALLBACK)?.strip_prefix('/');
        last_login::read().or_else(|| Some(login_href(provider?, "/account")))
    });
    same_provider.flatten().unwrap_or_else(|| "/".to_owned())
}

fn progress_card() -> AnyView {
    erased(div().class("c-card c-card-narrow p-callback").child((
        span().class("c-spinner").aria_hidden("true"),
        div().role("status").child(h1().child((
            span().class("u-if-starting").child("Signing you in…"),
            span().class("u-if-stuck").child("Not signed in yet"),
        ))),
    )))
}

fn failure_card(error: SignInError) -> AnyView {
    client_only(
        div().class("c-card c-card-narrow").child((
            h1().child("Sign-in failed"),
            p().child(messages::sign_in(error)),
            a().class("c-button c-button-primary")
                .rel("external")
                .href(retry_href(error))
                .child("Try again"),
        )),
    )
}

fn link_failure_card(error: LinkError) -> AnyView {
    client_only(
        div().class("c-card c-card-narrow").child((
            h1().child("Nothing was added"),
            p().child(messages::link(error)),
            a().class("c-button c-button-primary")
                .href("/account")
                .child("Back to your account"),
        )),
    )
}
