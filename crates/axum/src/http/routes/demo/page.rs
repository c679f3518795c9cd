//! The page on which to choose a demo account. Plain HTML without scripts.

#![expect(
    clippy::format_collect,
    reason = "the page is short and rarely requested"
)]

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use latchkey_identity::demo::{DemoError, DemoProvider, DemoRequest};
use latchkey_types::paths;

use crate::http::state::HttpState;

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

/// Lets the user choose an account.
pub(super) fn choose_account(
    http: &HttpState,
    request: &DemoRequest,
    error: Option<DemoError>,
) -> Response {
    let hidden: String = request
        .fields()
        .iter()
        .map(|(name, value)| {
            format!(
                r#"<input type="hidden" name="{name}" value="{}">"#,
                escape(value)
            )
        })
        .collect();
    let accounts: String = DemoProvider::accounts()
        .iter()
        .map(|account| {
            format!(
                r#"<button class="c-button" name="account" value="{email}">
<span class="p-demo-choice"><strong>{name}</strong><span class="p-demo-email">{email}</span></span></button>"#,
                name = escape(account.name),
                email = escape(account.email),
            )
        })
        .collect();
    let alert = error.map_or_else(String::new, |error| {
        format!(
            r#"<p class="c-alert c-alert-ended" role="alert">{}</p>"#,
            escape(&message(error))
        )
    });
    let action = format!("{}/authorize", paths::DEMO);
    let body = format!(
        r#"<h1>Choose a demo account</h1>
<p class="c-hint">This provider is part of the demo. It asks for no password and accepts any email address.</p>
{alert}
<form class="p-demo-form" method="post" action="{action}">{hidden}{accounts}</form>
<form class="p-demo-form" method="post" action="{action}">{hidden}
<label class="p-demo-label" for="email">Email
<input class="c-input" id="email" name="email" type="email" autocomplete="off" required placeholder="you@example.com"></label>
<button class="c-button c-button-primary">Continue</button></form>
<form class="p-demo-form" method="post" action="{action}">{hidden}
<button class="c-button" name="cancel" value="1">Cancel</button></form>"#
    );
    let status = if error.is_some() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    page(http, status, &body)
}

/// Shows that the authorization request is not valid. There is no redirect, because the redirect
/// URI cannot be trusted.
pub(super) fn invalid_request(http: &HttpState, error: DemoError) -> Response {
    let body = format!(
        r#"<h1>This request is not valid</h1>
<p class="c-alert c-alert-ended" role="alert">{}</p>
<p><a class="c-button c-button-primary" href="/">Start again</a></p>"#,
        escape(&message(error))
    );
    page(http, StatusCode::BAD_REQUEST, &body)
}

/// The message for the user. The messages of [`DemoError`] itself are for clients.
fn message(error: DemoError) -> String {
    match error {
        DemoError::Email => "Enter a valid email address, such as ada@example.com.".to_owned(),
        DemoError::Parameter(name) => {
            format!("The parameter {name} is missing or invalid. Start the sign-in again.")
        }
        DemoError::Duplicate => "A parameter occurs twice. Start the sign-in again.".to_owned(),
        _ => "The sign-in cannot be continued. Start it again.".to_owned(),
    }
}

fn page(http: &HttpState, status: StatusCode, body: &str) -> Response {
    let head = &http.demo_page_head;
    let html = format!(
        r#"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Demo provider</title>{head}</head>
<body><main><div class="c-card c-card-narrow">{body}</div></main></body></html>
"#
    );
    let headers = [
        (
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, html).into_response()
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
