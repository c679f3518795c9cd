//! The exchange of the code for tokens (Core §3.1.3; RFC 6749 §4.1.3, RFC 7636). Of the answer
//! only what is used must be right: the ID token, the access token and its type.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openidconnect::http::Request;
use openidconnect::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use openidconnect::{AccessToken, HttpRequest};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::config::{Client, ClientAuth};
use super::discovery::Metadata;
use super::jwt::{Object, object};
use crate::check::Check;
use crate::error::Fault;
use crate::http::{HttpClient, HttpError};
use crate::provider::AuthorizationAnswer;

/// How a fault names the endpoint.
const ENDPOINT: &str = "its token endpoint";

/// What the token endpoint gave, not yet checked.
pub(super) struct Tokens {
    pub(super) id_token: String,
    pub(super) access_token: AccessToken,
}

/// Exchanges the code at the token endpoint.
pub(super) async fn exchange(
    client: &Client,
    metadata: &Metadata,
    answer: &AuthorizationAnswer<'_>,
    http: &HttpClient,
) -> Result<Tokens, Fault> {
    let announced = if metadata.takes_basic {
        ClientAuth::Basic
    } else {
        ClientAuth::Post
    };
    let method = client.auth.unwrap_or(announced);
    let request = request(client, metadata, answer, method)?;
    let response = http
        .send(request)
        .await
        .map_err(|error| error.at(ENDPOINT))?;
    let said = object(response.body());
    match (response.status(), said) {
        (status, Ok(said)) if status.is_success() && !is_error(&said) => tokens(&said),
        (_, Ok(said)) => Err(refusal(&said, client, method)),
        (status, Err(_)) if status.as_u16() == 401 => Err(Fault::Refused(format!(
            "status 401; {}",
            advice(client, method)
        ))),
        (..) => Err(not_understood()),
    }
}

fn request(
    client: &Client,
    metadata: &Metadata,
    answer: &AuthorizationAnswer<'_>,
    method: ClientAuth,
) -> Result<HttpRequest, Fault> {
    if Url::parse(answer.redirect_uri).is_err() {
        return Err(Fault::Refused("the redirect URI is not a URL".to_owned()));
    }
    let mut request = Request::post(metadata.token_endpoint.as_str())
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", answer.code)
        .append_pair("redirect_uri", answer.redirect_uri)
        .append_pair("code_verifier", answer.verifier);
    match (&client.secret, method) {
        (Some(secret), ClientAuth::Basic) => {
            request = request.header(AUTHORIZATION, basic(&client.id, secret.secret()));
        }
        (secret, _) => {
            form.append_pair("client_id", &client.id);
            if let Some(secret) = secret {
                form.append_pair("client_secret", secret.secret());
            }
        }
    }
    request
        .body(form.finish().into_bytes())
        .map_err(|_| HttpError::Url.at(ENDPOINT))
}

/// RFC 6749 §2.3.1: both are form-encoded before they become a user name and a password.
fn basic(id: &str, secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(id), encode(secret));
    format!("Basic {}", STANDARD.encode(pair))
}

fn tokens(said: &Object) -> Result<Tokens, Fault> {
    let Some(access_token) = said.get("access_token") else {
        return Err(not_understood());
    };
    // It becomes a header: anything else could not be sent.
    let access_token = access_token
        .as_str()
        .filter(|text| text.bytes().all(|b| b.is_ascii_graphic() || b == b' '))
        .ok_or(Check::AccessToken)?;
    match said.get("token_type") {
        // A required member that some leave out; there is only one type that it could be.
        None | Some(Value::Null) => {}
        Some(Value::String(text)) if text.eq_ignore_ascii_case("bearer") => {}
        Some(_) => return Err(Check::TokenType.into()),
    }
    match said.get("id_token") {
        None | Some(Value::Null) => Err(Check::IdTokenMissing.into()),
        Some(Value::String(id_token)) => Ok(Tokens {
            id_token: id_token.clone(),
            access_token: AccessToken::new(access_token.to_owned()),
        }),
        Some(_) => Err(Check::Malformed.into()),
    }
}

/// Whether this is an error, whatever its status says. A blank one is none.
fn is_error(said: &Object) -> bool {
    match said.get("error") {
        None | Some(Value::Null) => false,
        Some(Value::String(code)) => !code.is_empty(),
        Some(_) => true,
    }
}

fn not_understood() -> Fault {
    HttpError::NotJson("neither tokens nor an error".to_owned()).at(ENDPOINT)
}

/// What a failed exchange means. Only the registered error codes are repeated: descriptions are
/// the provider's own text and could hold anything.
fn refusal(said: &Object, client: &Client, method: ClientAuth) -> Fault {
    let Some(code) = said.get("error").and_then(Value::as_str) else {
        return not_understood();
    };
    let advice = match code {
        "invalid_grant" => "the code is used up, expired, or belongs to another sign-in".to_owned(),
        "invalid_client" | "unauthorized_client" => advice(client, method),
        "invalid_request" | "invalid_scope" | "unsupported_grant_type" => {
            "check what the provider's console allows this client".to_owned()
        }
        // "Not now" (RFC 6749 §4.1.2.1).
        "server_error" | "temporarily_unavailable" => {
            return Fault::Unavailable(format!("asked for {ENDPOINT}, it says {code}"));
        }
        _ => {
            return Fault::Refused("the error code it gave is not a registered one".to_owned());
        }
    };
    Fault::Refused(format!("{code}; {advice}"))
}

/// What to look at when the provider does not recognise this client.
fn advice(client: &Client, method: ClientAuth) -> String {
    const CHECK: &str = "check client_id and client_secret against the provider's console";
    match (&client.secret, method) {
        (None, _) => format!("{CHECK}; no secret was sent"),
        (Some(_), ClientAuth::Basic) => format!(
            "{CHECK}; the secret was sent by HTTP Basic, client_auth = \"post\" sends it in the \
             form"
        ),
        (Some(_), ClientAuth::Post) => format!(
            "{CHECK}; the secret was sent in the form, client_auth = \"basic\" sends it by HTTP \
             Basic"
        ),
    }
}
