//! Exchanges the code for an access token. GitHub reports errors with status 200 and its own error
//! codes.

use openidconnect::HttpRequest;
use openidconnect::http::Request;
use openidconnect::http::header::{ACCEPT, CONTENT_TYPE};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::error::ProviderError;
use crate::http::{HttpClient, HttpError};
use crate::json::{Object, object};
use crate::provider::AuthorizationResponse;
use crate::validation_error::ValidationError;

/// The name of the endpoint in errors.
const ENDPOINT: &str = "its token endpoint";

/// The app that is registered at GitHub.
pub(super) struct App {
    pub(super) client_id: String,
    pub(super) client_secret: SecretString,
    pub(super) token_endpoint: Url,
}

/// Exchanges the code at the token endpoint.
pub(super) async fn exchange(
    app: &App,
    redirect: &AuthorizationResponse<'_>,
    http: &HttpClient,
) -> Result<SecretString, ProviderError> {
    let response = http
        .send(request(app, redirect)?)
        .await
        .map_err(|error| error.in_request_to(ENDPOINT))?;
    let status = response.status();
    match object(response.body()) {
        Ok(body) => match body.get("error") {
            Some(Value::String(code)) if !code.is_empty() => Err(refusal(code)),
            _ if status.is_success() => token(&body),
            _ => Err(HttpError::Status(status.as_u16()).in_request_to(ENDPOINT)),
        },
        // If the site has no such app, it responds with its page for unknown URLs.
        Err(_) if status.as_u16() == 404 => Err(refusal("incorrect_client_credentials")),
        Err(_) => Err(unexpected()),
    }
}

fn request(app: &App, redirect: &AuthorizationResponse<'_>) -> Result<HttpRequest, ProviderError> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("client_id", &app.client_id)
        .append_pair("client_secret", app.client_secret.expose_secret())
        .append_pair("code", redirect.code)
        .append_pair("redirect_uri", redirect.redirect_uri)
        .append_pair("code_verifier", redirect.verifier);
    Request::post(app.token_endpoint.as_str())
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form.finish().into_bytes())
        .map_err(|_| HttpError::Url.in_request_to(ENDPOINT))
}

fn token(body: &Object) -> Result<SecretString, ProviderError> {
    let token = match body.get("access_token") {
        Some(Value::String(token)) if !token.is_empty() => token,
        _ => return Err(unexpected()),
    };
    // It will be sent in a header: only visible ASCII characters are allowed.
    if !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(ValidationError::AccessToken.into());
    }
    match body.get("token_type") {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) if text.eq_ignore_ascii_case("bearer") => {}
        Some(_) => return Err(ValidationError::TokenType.into()),
    }
    Ok(SecretString::from(token.as_str()))
}

/// The error for a failed exchange. It repeats only documented error codes.
fn refusal(code: &str) -> ProviderError {
    match code {
        "bad_verification_code" | "invalid_grant" => ProviderError::CodeRefused(format!(
            "{code}; the code was already used, has expired, or belongs to another sign-in"
        )),
        "incorrect_client_credentials" | "invalid_client" | "unauthorized_client" => {
            ProviderError::Refused(format!(
                "{code}; check client_id and client_secret against the settings of the app at \
                 GitHub"
            ))
        }
        "redirect_uri_mismatch" => ProviderError::Refused(format!(
            "{code}; register this server's redirect URI as the callback URL of the app at GitHub"
        )),
        "application_suspended" => ProviderError::Refused(format!(
            "{code}; GitHub suspended the app; contact GitHub's support"
        )),
        "unverified_user_email" => ProviderError::CodeRefused(format!(
            "{code}; the user must verify the primary email address at GitHub first"
        )),
        "server_error" | "temporarily_unavailable" => {
            ProviderError::Unavailable(format!("{ENDPOINT} responded with {code}"))
        }
        _ => ProviderError::CodeRefused("its error code is not documented".to_owned()),
    }
}

fn unexpected() -> ProviderError {
    HttpError::NotJson("neither a token nor an error".to_owned()).in_request_to(ENDPOINT)
}
