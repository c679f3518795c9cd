//! The URL that begins a sign-in (Core §3.1.2.1; RFC 7636).

use core::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use super::config::Client;
use super::discovery::Metadata;
use crate::check::Check;
use crate::error::Fault;
use crate::provider::{AuthorizeRequest, Kind, Prompt};

/// The `max_age` of a sign-in that may lie as far back as it likes. Being asked for any obliges a
/// provider to say when the person proved who they are.
const ANY_AGE: Duration = Duration::from_hours(24 * 365);

/// Providers that take `select_account` and do not say so in their discovery documents: Google
/// (<https://developers.google.com/identity/openid-connect/openid-connect>) and Microsoft Entra
/// (<https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc>).
const SELECTS: [&str; 4] = [
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
) -> Result<Url, Fault> {
    if !(43..=128).contains(&request.verifier.len()) {
        return Err(Check::Verifier.into());
    }
    if Url::parse(request.redirect_uri).is_err() {
        return Err(Fault::Refused("the redirect URI is not a URL".to_owned()));
    }
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, request.verifier.as_bytes()));
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

/// What to ask the person. Many providers refuse a request with a `prompt` that they do not know,
/// so the choice of an account is asked for only where it is known to work.
fn prompt(client: &Client, metadata: &Metadata, request: &AuthorizeRequest<'_>) -> Option<Prompt> {
    let prompt = request.prompt;
    match prompt {
        // Google knows no `login`: the choice of an account is the nearest it has, and what a recent
        // sign-in there takes at the least.
        _ if client.is_google() && request.max_age.is_some() => Some(Prompt::SelectAccount),
        Prompt::Login if client.kind == Kind::Google || client.is_google() => {
            Some(Prompt::SelectAccount)
        }
        Prompt::Login => Some(Prompt::Login),
        Prompt::SelectAccount => {
            let host = client.issuer.url().host_str();
            let known = match &metadata.prompts {
                Some(listed) => listed.iter().any(|value| value == prompt.as_str()),
                None => client.kind != Kind::Oidc || host.is_some_and(|it| SELECTS.contains(&it)),
            };
            client.select_account.unwrap_or(known).then_some(prompt)
        }
    }
}

/// How long ago the person may have proved who they are. Where the age does not matter, two are not
/// asked: Google, which never says, and the demo provider, which always does.
fn max_age(client: &Client, asked: Option<Duration>) -> Option<Duration> {
    let silent = client.is_google() || client.kind == Kind::Demo;
    asked.or_else(|| (!silent).then_some(ANY_AGE))
}
