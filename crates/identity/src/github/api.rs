//! The requests to GitHub's API: who the user is, and the user's primary email address.

use openidconnect::HttpResponse;
use openidconnect::http::header::{ACCEPT, AUTHORIZATION};
use openidconnect::http::{HeaderMap, Request};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

use crate::clean;
use crate::error::ProviderError;
use crate::http::{HttpClient, HttpError};
use crate::json::{Object, object};

/// The API version to request. The responses of a version do not change.
const API_VERSION: (&str, &str) = ("x-github-api-version", "2022-11-28");
const USER: &str = "its endpoint for the user";
const EMAILS: &str = "its endpoint for email addresses";

/// A user of GitHub.
pub(super) struct GitHubUser {
    /// The user's number. GitHub never assigns it to another user.
    pub(super) id: u64,
    /// The display name, otherwise the login name.
    pub(super) name: Option<String>,
}

/// An email address of a user.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Email {
    pub(super) address: String,
    pub(super) verified: bool,
}

/// The user that the token was issued for.
pub(super) async fn user(
    http: &HttpClient,
    endpoint: &Url,
    token: &SecretString,
) -> Result<GitHubUser, ProviderError> {
    let response = get(http, endpoint, token, USER).await?;
    let status = response.status();
    if status.as_u16() == 401 || status.as_u16() == 403 {
        return Err(ProviderError::Refused(format!(
            "{USER} responded with status {}; allow the app to read the profile of its users",
            status.as_u16()
        )));
    }
    if !status.is_success() {
        return Err(HttpError::Status(status.as_u16()).in_request_to(USER));
    }
    let not_json = |what: &str| HttpError::NotJson(what.to_owned()).in_request_to(USER);
    let user = object(response.body()).map_err(|_| not_json("not a user"))?;
    let id = user.get("id").and_then(Value::as_u64).filter(|id| *id > 0);
    let id = id.ok_or_else(|| not_json("no numeric `id`"))?;
    let name = text(&user, "name").or_else(|| text(&user, "login"));
    Ok(GitHubUser { id, name })
}

fn text(user: &Object, member: &str) -> Option<String> {
    clean::name(user.get(member)?.as_str()?)
}

/// The user's primary email address. The public address in the profile is not used, because
/// GitHub does not say whether it was verified.
pub(super) async fn primary_email(
    http: &HttpClient,
    endpoint: &Url,
    token: &SecretString,
) -> Result<Option<Email>, ProviderError> {
    let response = get(http, endpoint, token, EMAILS).await?;
    let status = response.status();
    if status.is_client_error() {
        return Err(ProviderError::Refused(format!(
            "{EMAILS} responded with status {}; request the scope user:email, and give a GitHub \
             App the account permission \"Email addresses: read-only\"",
            status.as_u16()
        )));
    }
    if !status.is_success() {
        return Err(HttpError::Status(status.as_u16()).in_request_to(EMAILS));
    }
    let list: Vec<Value> = serde_json::from_slice(response.body())
        .map_err(|_| HttpError::NotJson("not a list".to_owned()).in_request_to(EMAILS))?;
    Ok(primary(&list))
}

/// The entry that is marked as primary. Two such entries contradict each other, so neither counts.
fn primary(list: &[Value]) -> Option<Email> {
    let is_primary = |entry: &&Value| entry.get("primary") == Some(&Value::Bool(true));
    let mut entries = list.iter().filter(is_primary);
    let (Some(entry), None) = (entries.next(), entries.next()) else {
        return None;
    };
    Some(Email {
        address: clean::email(entry.get("email")?.as_str()?)?,
        verified: entry.get("verified") == Some(&Value::Bool(true)),
    })
}

/// Sends a request with the user's token. Exceeding GitHub's rate limit counts as an outage.
async fn get(
    http: &HttpClient,
    url: &Url,
    token: &SecretString,
    what: &str,
) -> Result<HttpResponse, ProviderError> {
    let (name, version) = API_VERSION;
    let request = Request::get(url.as_str())
        .header(ACCEPT, "application/vnd.github+json")
        .header(name, version)
        .header(AUTHORIZATION, format!("Bearer {}", token.expose_secret()))
        .body(Vec::new())
        .map_err(|_| HttpError::Url.in_request_to(what))?;
    let response = http
        .send(request)
        .await
        .map_err(|error| error.in_request_to(what))?;
    if response.status().as_u16() == 403 && is_rate_limited(response.headers()) {
        return Err(ProviderError::Unavailable(format!(
            "{what} refused the request because of its rate limit"
        )));
    }
    Ok(response)
}

/// Beyond its rate limit, GitHub responds with status 403 or 429 and one of these headers.
fn is_rate_limited(headers: &HeaderMap) -> bool {
    headers.contains_key("retry-after")
        || headers
            .get("x-ratelimit-remaining")
            .is_some_and(|left| left == "0")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Email, primary};

    fn of(list: &Value) -> Option<Email> {
        primary(list.as_array().expect("a list"))
    }

    #[test]
    fn only_the_primary_address_counts() {
        let ada = json!({ "email": "ada@example.com", "primary": true, "verified": true });
        let other = json!({ "email": "a@example.org", "primary": false, "verified": true });
        let found = Email {
            address: "ada@example.com".to_owned(),
            verified: true,
        };
        assert_eq!(of(&json!([other, ada])), Some(found));
        assert_eq!(of(&json!([other])), None);
        assert_eq!(of(&json!([])), None);
        assert_eq!(of(&json!([ada, ada])), None, "two are marked as primary");
    }

    #[test]
    fn odd_values_do_not_count_as_verified() {
        for verified in [json!("true"), json!(1), Value::Null, json!(false)] {
            let list =
                json!([{ "email": "ada@example.com", "primary": true, "verified": verified }]);
            let email = of(&list).expect("an address");
            assert!(!email.verified, "{verified}");
        }
        for entry in [
            json!(7),
            json!({ "email": 7, "primary": true, "verified": true }),
            json!({ "email": "not an address", "primary": true, "verified": true }),
            json!({ "email": "ada@example.com", "primary": "true", "verified": true }),
        ] {
            assert_eq!(of(&json!([entry])), None, "{entry}");
        }
    }
}
