//! The two ends of the authorization code flow: the URL that it begins with, and the exchange of
//! the code for tokens (Core §3.1.2.1, §3.1.3; RFC 7636).

use core::fmt;
use std::borrow::Cow;

use oauth2::basic::{
    BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse,
    BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AccessToken, AuthType, AuthorizationCode, CsrfToken, ExtraTokenFields, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RequestTokenError, StandardRevocableToken,
    StandardTokenResponse, TokenResponse,
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::config::Client;
use super::discovery::Metadata;
use crate::check::Check;
use crate::error::Fault;
use crate::http::{HttpClient, HttpError};
use crate::provider::{AuthorizationAnswer, AuthorizeRequest, Kind, Prompt};

/// What the token endpoint gave, not yet checked.
pub(super) struct Tokens {
    pub(super) id_token: String,
    pub(super) access_token: AccessToken,
}

/// What OpenID Connect adds to a token response. The ID token is kept as text, so that what is
/// wrong with it is told by its own checks.
#[derive(Serialize, Deserialize)]
struct IdTokenField {
    id_token: Option<String>,
}

impl fmt::Debug for IdTokenField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdTokenField").finish_non_exhaustive()
    }
}

impl ExtraTokenFields for IdTokenField {}

type OauthClient = oauth2::Client<
    BasicErrorResponse,
    StandardTokenResponse<IdTokenField, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
>;

/// The URL that begins a sign-in.
pub(super) fn authorize_url(
    client: &Client,
    metadata: &Metadata,
    request: &AuthorizeRequest<'_>,
) -> Result<Url, Fault> {
    if !(43..=128).contains(&request.verifier.len()) {
        return Err(Check::Verifier.into());
    }
    let verifier = PkceCodeVerifier::new(request.verifier.to_owned());
    let oauth =
        OauthClient::new(client.id.clone()).set_auth_uri(metadata.authorization_endpoint.clone());
    // Google knows no `login` (https://developers.google.com/identity/openid-connect/openid-connect):
    // the choice of an account is the nearest it has.
    let prompt = match (client.kind, request.prompt) {
        (Kind::Google, Prompt::Login) => Prompt::SelectAccount,
        (_, prompt) => prompt,
    };
    let mut begun = oauth
        .authorize_url(|| CsrfToken::new(request.state.to_owned()))
        .add_scopes(client.scopes.iter().cloned())
        .set_redirect_uri(redirect_url(request.redirect_uri)?)
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
        .add_extra_param("nonce", request.nonce)
        .add_extra_param("prompt", prompt.as_str());
    if let Some(max_age) = request.max_age {
        begun = begun.add_extra_param("max_age", max_age.as_secs().to_string());
    }
    let (url, _) = begun.url();
    Ok(url)
}

/// Exchanges the code at the token endpoint.
pub(super) async fn exchange(
    client: &Client,
    metadata: &Metadata,
    answer: &AuthorizationAnswer<'_>,
    http: &HttpClient,
) -> Result<Tokens, Fault> {
    let method = if metadata.takes_basic {
        AuthType::BasicAuth
    } else {
        AuthType::RequestBody
    };
    let mut oauth = OauthClient::new(client.id.clone())
        .set_token_uri(metadata.token_endpoint.clone())
        .set_auth_type(method);
    if let Some(secret) = &client.secret {
        oauth = oauth.set_client_secret(secret.clone());
    }
    let response = oauth
        .exchange_code(AuthorizationCode::new(answer.code.to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(answer.verifier.to_owned()))
        .set_redirect_uri(redirect_url(answer.redirect_uri)?)
        .request_async(http)
        .await
        .map_err(fault)?;
    if *response.token_type() != BasicTokenType::Bearer {
        return Err(Check::TokenType.into());
    }
    let access_token = response.access_token().clone();
    // It becomes a header: anything else could not be sent.
    if !access_token
        .secret()
        .bytes()
        .all(|byte| byte.is_ascii_graphic() || byte == b' ')
    {
        return Err(Check::AccessToken.into());
    }
    let id_token = response
        .extra_fields()
        .id_token
        .clone()
        .ok_or(Check::IdTokenMissing)?;
    Ok(Tokens {
        id_token,
        access_token,
    })
}

fn redirect_url(text: &str) -> Result<Cow<'static, RedirectUrl>, Fault> {
    let url = RedirectUrl::new(text.to_owned());
    url.map(Cow::Owned)
        .map_err(|_| Fault::Refused("the redirect URI is not a URL".to_owned()))
}

/// What a failed exchange means. Only the registered error codes are repeated: descriptions are
/// the provider's own text and could hold anything.
fn fault(error: RequestTokenError<HttpError, BasicErrorResponse>) -> Fault {
    const ENDPOINT: &str = "its token endpoint";
    use BasicErrorResponseType as Code;
    match error {
        RequestTokenError::Request(error) => error.at(ENDPOINT),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            HttpError::NotJson("neither tokens nor an error".to_owned()).at(ENDPOINT)
        }
        RequestTokenError::ServerResponse(response) => {
            let advice = match response.error() {
                Code::InvalidGrant => "the code is used up, expired, or belongs to another sign-in",
                Code::InvalidClient | Code::UnauthorizedClient => {
                    "check client_id and client_secret against the provider's console"
                }
                Code::InvalidRequest | Code::InvalidScope | Code::UnsupportedGrantType => {
                    "check what the provider's console allows this client"
                }
                Code::Extension(code) if is_passing(code) => {
                    return Fault::Unavailable(format!("asked for {ENDPOINT}, it says {code}"));
                }
                Code::Extension(_) => {
                    return Fault::Refused(
                        "the error code it gave is not a registered one".to_owned(),
                    );
                }
            };
            Fault::Refused(format!("{}; {advice}", response.error()))
        }
    }
}

/// The error codes that mean "not now" (RFC 6749 §4.1.2.1).
fn is_passing(code: &str) -> bool {
    matches!(code, "server_error" | "temporarily_unavailable")
}
