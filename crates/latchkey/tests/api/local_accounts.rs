//! Local accounts: usernames and passwords.

mod administration;
mod audit;
mod delivery;
mod guessing;
mod lifecycle;
mod links;
mod mail;
mod mail_server;
mod refusals;
pub(crate) mod smtp;

use latchkey_axum::use_cases::local_operator::{LocalOperator, NewLocalAccount};
use latchkey_core::Actor;
use latchkey_testing::tokens;
use latchkey_types::TokenResponse;
use reqwest::Response;
use serde_json::{Value, json};

use crate::app::TestApp;

pub(crate) const PASSWORD: &str = "vostok-lantern-77";
pub(crate) const OTHER_PASSWORD: &str = "copper anvil meadow";

/// The operator of this server.
pub(crate) fn operator(app: &TestApp) -> LocalOperator<'_> {
    LocalOperator::online(&app.state, Actor::CommandLine)
}

/// Creates an account with the password [`PASSWORD`].
pub(crate) async fn create(app: &TestApp, username: &str) {
    let new = NewLocalAccount {
        username: username.to_owned(),
        password: Some(PASSWORD.to_owned().into()),
        ..NewLocalAccount::default()
    };
    operator(app).create(new).await.expect("created");
}

/// Creates an account with the password [`PASSWORD`] and this email address.
pub(crate) async fn create_with_email(app: &TestApp, username: &str, email: &str) {
    let new = NewLocalAccount {
        username: username.to_owned(),
        email: Some(email.to_owned()),
        password: Some(PASSWORD.to_owned().into()),
        ..NewLocalAccount::default()
    };
    operator(app).create(new).await.expect("created");
}

/// Sends a JSON body.
pub(crate) async fn post(app: &TestApp, path: &str, body: &Value) -> Response {
    let request = app.post(path).json(body);
    request.send().await.expect("a response")
}

/// Tries to sign in.
pub(crate) async fn try_sign_in(app: &TestApp, username: &str, password: &str) -> Response {
    let body = json!({ "username": username, "password": password });
    post(app, "/auth/password", &body).await
}

/// Signs in.
pub(crate) async fn sign_in(app: &TestApp, username: &str, password: &str) -> TokenResponse {
    tokens(try_sign_in(app, username, password).await).await
}

/// The value of this parameter in the fragment of a link.
pub(crate) fn token_in<'a>(url: &'a str, parameter: &str) -> &'a str {
    let (_, token) = url.split_once(&format!("#{parameter}=")).expect("a token");
    token
}

/// The names of the invalid fields in a response.
pub(crate) async fn invalid_fields(response: Response) -> Vec<String> {
    assert_eq!(response.status(), 422);
    let body: Value = response.json().await.expect("JSON");
    assert_eq!(body["code"], "invalid_fields");
    let fields = body["fields"].as_array().expect("fields");
    let names = fields.iter().map(|field| {
        assert!(!field["message"].as_str().expect("a message").is_empty());
        field["field"].as_str().expect("a name").to_owned()
    });
    names.collect()
}
