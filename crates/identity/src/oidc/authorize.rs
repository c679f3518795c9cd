//! Builds the authorization request, the URL that begins a sign-in (OpenID Connect Core §3.1.2.1,
//! RFC 7636).

use core::time::Duration;

use url::Url;

use super::config::Client;
use super::discovery::Metadata;
use crate::config::StepUp;
use crate::error::ProviderError;
use crate::pkce;
use crate::provider::{AuthorizeRequest, Kind, Prompt};

/// The `max_age` to request if no limit is needed: any value obliges the provider to send
/// `auth_time`.
const NO_LIMIT: Duration = Duration::from_hours(24 * 365);

/// Providers that support `select_account` without listing it in their discovery documents: Google
/// (<https://developers.google.com/identity/openid-connect/openid-connect>) and Microsoft Entra
/// (<https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc>).
const SUPPORT_SELECT_ACCOUNT: [&str; 4] = [
    "accounts.google.com",
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
];

/// The URL that begins a sign-in.
pub(super) fn authorize_url(
    client: &Client,
    metadata: &Metadata,
    request: &AuthorizeRequest<'_>,
) -> Result<Url, ProviderError> {
    let challenge = pkce::challenge(request.verifier)?;
    if Url::parse(request.redirect_uri).is_err() {
        return Err(ProviderError::Refused(
            "the redirect URI is not a URL".to_owned(),
        ));
    }
    let mut url = metadata.authorization_endpoint.clone();
    {
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &client.id)
            .append_pair("redirect_uri", request.redirect_uri)
            .append_pair("scope", &client.scopes.join(" "))
            .append_pair("state", request.state)
            .append_pair("nonce", request.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if let Some(prompt) = prompt(client, metadata, request) {
            query.append_pair("prompt", prompt.as_str());
        }
        if let Some(max_age) = max_age(client, request.max_age) {
            query.append_pair("max_age", &max_age.as_secs().to_string());
        }
        if let Some(hint) = request.login_hint {
            query.append_pair("login_hint", hint);
        }
        if let Some(domain) = &client.hosted_domain {
            query.append_pair("hd", domain);
        }
    }
    Ok(url)
}

/// The `prompt` to send. Many providers refuse a request with an unknown `prompt`, so
/// by default `select_account` is sent only to providers that are known to support it. The setting
/// `select_account` overrides this.
fn prompt(client: &Client, metadata: &Metadata, request: &AuthorizeRequest<'_>) -> Option<Prompt> {
    let prompt = request.prompt;
    match prompt {
        // Google does not support `login`; `select_account` is the closest prompt it has.
        _ if client.is_google() && request.max_age.is_some() => Some(Prompt::SelectAccount),
        Prompt::Login if client.kind == Kind::Google || client.is_google() => {
            Some(Prompt::SelectAccount)
        }
        // Without a prompt, a provider that ignores `max_age` could return without asking the user.
        _ if client.step_up == StepUp::SignInAgain && request.max_age.is_some() => {
            Some(Prompt::Login)
        }
        Prompt::Login => Some(Prompt::Login),
        Prompt::SelectAccount => {
            let host = client.issuer.url().host_str();
            let supported = match &metadata.prompts {
                Some(listed) => listed.iter().any(|value| value == prompt.as_str()),
                None => {
                    matches!(client.kind, Kind::Google | Kind::Demo)
                        || host.is_some_and(|it| SUPPORT_SELECT_ACCOUNT.contains(&it))
                }
            };
            client.select_account.unwrap_or(supported).then_some(prompt)
        }
    }
}

/// The `max_age` to send. Without a requested limit it is omitted for Google, which does not
/// send `auth_time` in response, and for the demo provider, which always sends it.
fn max_age(client: &Client, requested: Option<Duration>) -> Option<Duration> {
    let omit = client.is_google() || client.kind == Kind::Demo;
    requested.or_else(|| (!omit).then_some(NO_LIMIT))
}
