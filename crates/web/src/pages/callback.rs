//! `/callback` and `/callback/{provider}`: back from the provider. The sign-in finishes without a
//! click; reload and Back are harmless.

mod last;

use latchkey_client::{CallbackQuery, Client, SignInError, login_href, sign_in};
use latchkey_types::{ErrorCode, paths};
use leptos::html::{a, div, h1, p, span};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_navigate, use_query_map};
use wasm_bindgen::JsValue;

use self::last::Last;
use super::redirect;
use crate::auth_client::AuthClient;
use crate::erased::{client_only, dynamic, erased};
use crate::last_login;
use crate::messages;

/// Finishes the sign-in and leads on, or says what failed.
#[component]
pub(crate) fn CallbackPage() -> impl IntoView {
    let client = AuthClient::expect();
    let finish = Action::new_unsync(move |query: &CallbackQuery| {
        let (client, query) = (client.get(), query.clone());
        async move { finish(&client, &query).await }
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
        finish.dispatch(query);
    });
    let navigate = use_navigate();
    Effect::new(move || {
        if let Some(Ok(path)) = finish.value().get() {
            redirect(&navigate, &path);
        }
    });
    let failure = move || finish.value().get().and_then(Result::err);
    let title = move || match failure() {
        Some(_) => "Sign-in did not work",
        None => "Signing you in",
    };
    erased((
        view! { <Title text=title /> },
        dynamic(move || match failure() {
            Some(error) => failed(error),
            None => working(),
        }),
    ))
}

/// The path to go to after the sign-in.
async fn finish(client: &Client, query: &CallbackQuery) -> Result<String, SignInError> {
    let last = Last::read();
    let state = query.code.as_ref().and(query.state.as_deref());
    if state.is_some_and(|state| !last.finished(state)) {
        Last::UnderWay.write();
    }
    match client.complete_sign_in(query).await {
        Ok(signed_in) => {
            Last::Finished(state.unwrap_or_default().to_owned()).write();
            let return_to = signed_in.return_to.unwrap_or_default();
            Ok(sign_in::local_path(&return_to).to_owned())
        }
        // A reload, or Back: this sign-in is finished. Stored tokens alone do not prove that: they
        // can belong to another account that signed in before or in another tab.
        Err(SignInError::NotInProgress) if client.tokens().is_some() && last != Last::UnderWay => {
            Ok(sign_in::local_path("").to_owned())
        }
        Err(SignInError::Refused(Some(ErrorCode::SignInNotFound)))
            if client.tokens().is_some() && state.is_some_and(|state| last.finished(state)) =>
        {
            Ok(sign_in::local_path("").to_owned())
        }
        Err(error) => Err(error),
    }
}

/// Removes the code from the address bar and the history: nobody should read it there, and a reload
/// cannot use it again.
fn hide_query() {
    if let Ok(history) = window().history() {
        let path = window().location().pathname();
        let path = path.unwrap_or_else(|_| paths::CALLBACK.to_owned());
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&path));
    }
}

/// The redirect URI at which the provider sent the person back.
fn redirect_uri() -> Option<String> {
    let location = window().location();
    Some(location.origin().ok()? + &location.pathname().ok()?)
}

/// Where to try again: with the same provider if it was only too slow.
fn retry_href(error: SignInError) -> String {
    let same = (error == SignInError::ProviderTimeout).then(|| {
        let path = window().location().pathname().unwrap_or_default();
        let provider = path.strip_prefix(paths::CALLBACK)?.strip_prefix('/');
        last_login::read().or_else(|| Some(login_href(provider?, "/account")))
    });
    same.flatten().unwrap_or_else(|| "/".to_owned())
}

fn working() -> AnyView {
    erased(div().class("c-card c-card-narrow p-callback").child((
        span().class("c-spinner").aria_hidden("true"),
        div().role("status").child(h1().child((
            span().class("u-if-starting").child("Signing you in…"),
            span().class("u-if-stuck").child("Not signed in yet"),
        ))),
    )))
}

fn failed(error: SignInError) -> AnyView {
    client_only(
        div().class("c-card c-card-narrow").child((
            h1().child("Sign-in did not work"),
            p().child(messages::sign_in(error)),
            a().class("c-button c-button-primary")
                .rel("external")
                .href(retry_href(error))
                .child("Try again"),
        )),
    )
}
