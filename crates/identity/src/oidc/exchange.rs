//! Exchanges the code for tokens (OpenID Connect Core §3.1.3, RFC 6749 §4.1.3, RFC 7636). Only the
//! members of the response that are used must be valid: the ID token, the access token and its type.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openidconnect::http::Request;
use openidconnect::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use openidconnect::{AccessToken, HttpRequest};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::config::Client;
use super::discovery::Metadata;

use crate::config::ClientAuth;
use crate::error::ProviderError;
use crate::http::{HttpClient, HttpError};
use crate::json::{Object, object};
use crate::provider::AuthorizationResponse;
use crate::validation_error::ValidationError;

/// The name of the endpoint in errors.
const ENDPOINT: &str = "its token endpoint";

/// The tokens in the response, not yet verified.
pub(super) struct Tokens {
    pub(super) id_token: String,
    pub(super) access_token: AccessToken,
}

/// Exchanges the code at the token endpoint.
pub(super) async fn exchange(
    client: &Client,
    metadata: &Metadata,
    redirect: &AuthorizationResponse<'_>,
    http: &HttpClient,
) -> Result<Tokens, ProviderError> {
    let advertised = if metadata.supports_basic {
        ClientAuth::Basic
    } else {
        ClientAuth::Post
    };
    let method = client.auth.unwrap_or(advertised);
    let request = request(client, metadata, redirect, method)?;
    let response = http
        .send(request)
        .await
        .map_err(|error| error.in_request_to(ENDPOINT))?;
    let body = object(response.body());
    match (response.status(), body) {
        (status, Ok(body)) if status.is_success() && !is_error(&body) => tokens(&body),
        (_, Ok(body)) => Err(refusal(&body, client, method)),
        (status, Err(_)) if status.as_u16() == 401 => Err(ProviderError::Refused(format!(
            "status 401; {}",
            advice(client, method)
        ))),
        (..) => Err(unexpected()),
    }
}

fn request(
    client: &Client,
    metadata: &Metadata,
    redirect: &AuthorizationResponse<'_>,
    method: ClientAuth,
) -> Result<HttpRequest, ProviderError> {
    if Url::parse(redirect.redirect_uri).is_err() {
        return Err(ProviderError::Refused(
            "the redirect URI is not a URL".to_owned(),
        ));
    }
    let mut request = Request::post(metadata.token_endpoint.as_str())
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", redirect.code)
        .append_pair("redirect_uri", redirect.redirect_uri)
        .append_pair("code_verifier", redirect.verifier);
    match (&client.secret, method) {
        (Some(secret), ClientAuth::Basic) => {
            request = request.header(AUTHORIZATION, basic(&client.id, secret.expose_secret()));
        }
        (secret, _) => {
            form.append_pair("client_id", &client.id);
            if let Some(secret) = secret {
                form.append_pair("client_secret", secret.expose_secret());
            }
        }
    }
    request
        .body(form.finish().into_bytes())
        .map_err(|_| HttpError::Url.in_request_to(ENDPOINT))
}

/// RFC 6749 §2.3.1: client id and secret are form-encoded, then used as user name and password.
fn basic(id: &str, secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(id), encode(secret));
    format!("Basic {}", STANDARD.encode(pair))
}

fn tokens(body: &Object) -> Result<Tokens, ProviderError> {
    let Some(access_token) = body.get("access_token") else {
        return Err(unexpected());
    };
    // It will be sent in a header: only visible ASCII characters and spaces are allowed.
    let access_token = access_token
        .as_str()
        .filter(|text| text.bytes().all(|b| b.is_ascii_graphic() || b == b' '))
        .ok_or(ValidationError::AccessToken)?;
    match body.get("token_type") {
        // Required, but some providers omit it; only one type is possible.
        None | Some(Value::Null) => {}
        Some(Value::String(text)) if text.eq_ignore_ascii_case("bearer") => {}
        Some(_) => return Err(ValidationError::TokenType.into()),
    }
    match body.get("id_token") {
        None | Some(Value::Null) => Err(ValidationError::IdTokenMissing.into()),
        Some(Value::String(id_token)) => Ok(Tokens {
            id_token: id_token.clone(),
            access_token: AccessToken::new(access_token.to_owned()),
        }),
        Some(_) => Err(ValidationError::Malformed.into()),
    }
}

/// Whether the body is an error, whatever the status code. An empty `error` does not count.
fn is_error(body: &Object) -> bool {
    match body.get("error") {
        None | Some(Value::Null) => false,
        Some(Value::String(code)) => !code.is_empty(),
        Some(_) => true,
    }
}

fn unexpected() -> ProviderError {
    HttpError::NotJson("neither tokens nor an error".to_owned()).in_request_to(ENDPOINT)
}

/// The error for a failed exchange. It repeats only registered error codes, since descriptions are
/// the provider's text and could contain anything.
fn refusal(body: &Object, client: &Client, method: ClientAuth) -> ProviderError {
    let Some(code) = body.get("error").and_then(Value::as_str) else {
        return unexpected();
    };
    let advice = match code {
        "invalid_grant" => {
            "the code was already used, has expired, or belongs to another sign-in".to_owned()
        }
        "invalid_client" | "unauthorized_client" => {
            let advice = advice(client, method);
            return ProviderError::Refused(format!("{code}; {advice}"));
        }
        "invalid_request" | "invalid_scope" | "unsupported_grant_type" => {
            "check the settings of this client in the provider's console".to_owned()
        }
        // Temporary errors (RFC 6749 §4.1.2.1).
        "server_error" | "temporarily_unavailable" => {
            return ProviderError::Unavailable(format!("{ENDPOINT} responded with {code}"));
        }
        _ => {
            return ProviderError::CodeRefused("its error code is not registered".to_owned());
        }
    };
    // Some providers respond with `invalid_request` to a malformed code.
    ProviderError::CodeRefused(format!("{code}; {advice}"))
}

/// What to check if client authentication failed.
fn advice(client: &Client, method: ClientAuth) -> String {
    const CHECK: &str = "check client_id and client_secret against the provider's console";
    match (&client.secret, method) {
        (None, _) => format!("{CHECK}; no secret was sent"),
        (Some(_), ClientAuth::Basic) => format!(
            "{CHECK}; the secret was sent by HTTP Basic; to send it in the form, set \
             client_auth = \"post\""
        ),
        (Some(_), ClientAuth::Post) => format!(
            "{CHECK}; the secret was sent in the form; to send it by HTTP Basic, set \
             client_auth = \"basic\""
        ),
    }
}
