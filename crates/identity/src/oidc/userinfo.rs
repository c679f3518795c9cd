//! The userinfo endpoint: more about the person the ID token is about (Core §5.3).

use openidconnect::AccessToken;
use openidconnect::core::CoreJwsSigningAlgorithm;
use openidconnect::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use openidconnect::http::{HeaderMap, HeaderValue, Request};
use url::Url;

use super::config::Client;
use super::id_token::audiences;
use super::jwks::KeySet;
use super::jwt::{Jwt, Object, object};
use crate::check::Check;
use crate::error::Fault;
use crate::http::{HttpClient, HttpError};

/// What came of asking.
pub(super) enum Answer {
    /// The claims, which are about the right person.
    Claims(Object),
    /// The endpoint does not take this access token: the status it answered with.
    Refused(u16),
}

/// Whom to ask, and what a signed answer is held against.
pub(super) struct Question<'a> {
    pub(super) client: &'a Client,
    pub(super) endpoint: &'a Url,
    pub(super) keys: &'a KeySet,
    pub(super) algorithms: &'a [CoreJwsSigningAlgorithm],
    pub(super) access_token: &'a AccessToken,
    /// The subject of the ID token.
    pub(super) subject: &'a str,
}

impl Question<'_> {
    /// Asks the endpoint about the person that the access token is for, who must be the subject.
    pub(super) async fn ask(&self, http: &HttpClient) -> Result<Answer, Fault> {
        let request = Request::get(self.endpoint.as_str())
            .header(ACCEPT, "application/json")
            .header(
                AUTHORIZATION,
                format!("Bearer {}", self.access_token.secret()),
            )
            .body(Vec::new())
            .map_err(|_| HttpError::Url.at("userinfo"))?;
        let response = http
            .send(request)
            .await
            .map_err(|error| error.at("userinfo"))?;
        let status = response.status();
        if status.is_client_error() {
            return Ok(Answer::Refused(status.as_u16()));
        }
        if !status.is_success() {
            return Err(HttpError::Status(status.as_u16()).at("userinfo"));
        }
        let claims = match media_type(response.headers()).as_str() {
            "" | "application/json" => object(response.body()).map_err(|_| Check::Userinfo)?,
            "application/jwt" => self.signed(response.body())?,
            _ => return Err(Check::Userinfo.into()),
        };
        match claims.get("sub").and_then(|sub| sub.as_str()) {
            None => Err(Check::Userinfo.into()),
            Some(sub) if sub == self.subject => Ok(Answer::Claims(claims)),
            Some(_) => Err(Check::UserinfoSubject.into()),
        }
    }

    /// Core §5.3.2: a signed answer names the issuer and this client, and nobody else.
    fn signed(&self, body: &[u8]) -> Result<Object, Check> {
        let text = core::str::from_utf8(body).map_err(|_| Check::Userinfo)?;
        let jwt = Jwt::parse(text).map_err(|_| Check::Userinfo)?;
        // Every provider has RS256 (Core §15.1), announced for ID tokens or not.
        let mut algorithms = self.algorithms.to_vec();
        algorithms.push(CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256);
        jwt.verify(self.keys, &algorithms)
            .map_err(|_| Check::Userinfo)?;
        let issuer = jwt.claims.get("iss").and_then(|iss| iss.as_str());
        let audiences = jwt.claims.get("aud").and_then(audiences);
        let ours = audiences.is_some_and(|audiences| {
            !audiences.is_empty() && audiences.iter().all(|aud| *aud == *self.client.id)
        });
        if issuer == Some(self.client.issuer.as_str()) && ours {
            Ok(jwt.claims)
        } else {
            Err(Check::Userinfo)
        }
    }
}

/// The media type without its parameters, in lower case; empty if there is none.
fn media_type(headers: &HeaderMap) -> String {
    let full = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let full = String::from_utf8_lossy(full.unwrap_or_default());
    let essence = full.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}
