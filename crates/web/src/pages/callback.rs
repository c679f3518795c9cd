//! `/callback` and `/callback/{provider}`: back from the provider. No click is needed; reload and
//! Back do no harm.

mod last;

use latchkey_client::{CallbackQuery, SignInError, login_href, sign_in};
use latchkey_types::{ErrorCode, paths};
use leptos::html::{a, div, h1, p, span};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::hooks::{use_navigate, use_query_map};
use wasm_bindgen::JsValue;

use self::last::Last;
use super::go_on_to;
use crate::begun;
use crate::piece::{late, live, piece};
use crate::sentences;
use crate::session::client;

/// Finishes the sign-in and goes on, or says what failed.
pub(crate) fn callback() -> AnyView {
    let failure = RwSignal::new(None);
    let query = use_query_map();
    let navigate = use_navigate();
    Effect::new(move || {
        let query = query.with_untracked(|query| CallbackQuery {
            code: query.get("code"),
            state: query.get("state"),
            iss: query.get("iss"),
            error: query.get("error"),
            error_description: query.get("error_description"),
            redirect_uri: here(),
        });
        hide_query();
        let navigate = navigate.clone();
        spawn_local(async move {
            match finish(&query).await {
                Ok(path) => go_on_to(&navigate, &path),
                Err(error) => failure.set(Some(error)),
            }
        });
    });
    let title = move || match failure.get() {
        Some(_) => "Sign-in did not work",
        None => "Signing you in",
    };
    piece((
        view! { <Title text=title /> },
        live(move || match failure.get() {
            Some(error) => failed(error),
            None => working(),
        }),
    ))
}

/// Where to go on to.
async fn finish(query: &CallbackQuery) -> Result<String, SignInError> {
    let client = client();
    let last = Last::read();
    let state = query.code.as_ref().and(query.state.as_deref());
    if state.is_some_and(|state| !last.finished(state)) {
        Last::UnderWay.write();
    }
    match client.complete_sign_in(query).await {
        Ok(signed_in) => {
            Last::Finished(state.unwrap_or_default().to_owned()).write();
            let wanted = signed_in.return_to.unwrap_or_default();
            Ok(sign_in::local_path(&wanted).to_owned())
        }
        // A reload, or Back: what this page was for is done. The tokens alone do not say so: they
        // may be of another account, which signed in before or in another tab.
        Err(SignInError::Nothing) if client.tokens().is_some() && last != Last::UnderWay => {
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

/// The code is of no use to anyone who reads the address bar or the history, and of none to a
/// reload.
fn hide_query() {
    if let Ok(history) = window().history() {
        let path = window().location().pathname();
        let path = path.unwrap_or_else(|_| paths::CALLBACK.to_owned());
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&path));
    }
}

/// The redirect URI that this page was reached at.
fn here() -> Option<String> {
    let location = window().location();
    Some(location.origin().ok()? + &location.pathname().ok()?)
}

/// Where to try again: with the same provider, if nothing speaks against it.
fn again(error: SignInError) -> String {
    let same = (error == SignInError::TooSlow).then(|| {
        let path = window().location().pathname().unwrap_or_default();
        let provider = path.strip_prefix(paths::CALLBACK)?.strip_prefix('/');
        begun::last().or_else(|| Some(login_href(provider?, "/account")))
    });
    same.flatten().unwrap_or_else(|| "/".to_owned())
}

fn working() -> AnyView {
    piece(div().class("narrow card centred").child((
        span().class("spinner").aria_hidden("true"),
        div().role("status").child(h1().child((
            span().class("if-starting").child("Signing you in…"),
            span().class("if-stuck").child("Not signed in yet"),
        ))),
    )))
}

fn failed(error: SignInError) -> AnyView {
    late(
        div().class("narrow card").child((
            h1().child("Sign-in did not work"),
            p().child(sentences::sign_in(error)),
            a().class("button primary")
                .rel("external")
                .href(again(error))
                .child("Try again"),
        )),
    )
}
