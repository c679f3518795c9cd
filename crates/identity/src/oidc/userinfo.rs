//! The userinfo endpoint: further claims about the subject of the ID token (OpenID Connect Core
//! §5.3).

use openidconnect::AccessToken;
use openidconnect::core::CoreJwsSigningAlgorithm;
use openidconnect::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use openidconnect::http::{HeaderMap, HeaderValue, Request};
use url::Url;

use super::config::Client;
use super::id_token::audiences;
use super::jwks::KeySet;
use super::jwt::Jwt;
use crate::error::ProviderError;
use crate::http::{HttpClient, HttpError};
use crate::json::{Object, object};
use crate::validation_error::ValidationError;

/// The response of the endpoint.
pub(super) enum UserinfoResponse {
    /// The claims; their subject is that of the ID token.
    Claims(Object),
    /// The endpoint responded with this 4xx status code. Usually it refused the access token.
    Refused(u16),
}

/// The endpoint, and the values that its response is checked against.
pub(super) struct UserinfoRequest<'a> {
    pub(super) client: &'a Client,
    pub(super) endpoint: &'a Url,
    pub(super) keys: &'a KeySet,
    pub(super) algorithms: &'a [CoreJwsSigningAlgorithm],
    pub(super) access_token: &'a AccessToken,
    /// The subject of the ID token.
    pub(super) subject: &'a str,
}

impl UserinfoRequest<'_> {
    /// Fetches the claims and checks that they are about the expected subject.
    pub(super) async fn send(&self, http: &HttpClient) -> Result<UserinfoResponse, ProviderError> {
        let request = Request::get(self.endpoint.as_str())
            .header(ACCEPT, "application/json")
            .header(
                AUTHORIZATION,
                format!("Bearer {}", self.access_token.secret()),
            )
            .body(Vec::new())
            .map_err(|_| HttpError::Url.in_request_to("its userinfo endpoint"))?;
        let response = http
            .send(request)
            .await
            .map_err(|error| error.in_request_to("its userinfo endpoint"))?;
        let status = response.status();
        if status.is_client_error() {
            return Ok(UserinfoResponse::Refused(status.as_u16()));
        }
        if !status.is_success() {
            return Err(HttpError::Status(status.as_u16()).in_request_to("its userinfo endpoint"));
        }
        let claims = match media_type(response.headers()).as_str() {
            "" | "application/json" => {
                object(response.body()).map_err(|_| ValidationError::Userinfo)?
            }
            "application/jwt" => self.signed(response.body())?,
            _ => return Err(ValidationError::Userinfo.into()),
        };
        match claims.get("sub").and_then(|sub| sub.as_str()) {
            None => Err(ValidationError::Userinfo.into()),
            Some(sub) if sub == self.subject => Ok(UserinfoResponse::Claims(claims)),
            Some(_) => Err(ValidationError::UserinfoSubject.into()),
        }
    }

    /// Checks a signed response: its issuer must be the provider (Core §5.3.2), and this client must
    /// be its only audience, although Core permits others.
    fn signed(&self, body: &[u8]) -> Result<Object, ValidationError> {
        let text = core::str::from_utf8(body).map_err(|_| ValidationError::Userinfo)?;
        let jwt = Jwt::parse(text).map_err(|_| ValidationError::Userinfo)?;
        // Also accept RS256, which Core §15.1 requires providers to support, even if the metadata
        // does not list it for ID tokens.
        let mut algorithms = self.algorithms.to_vec();
        algorithms.push(CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256);
        jwt.verify(self.keys, &algorithms)
            .map_err(|_| ValidationError::Userinfo)?;
        let issuer = jwt.claims.get("iss").and_then(|iss| iss.as_str());
        let audiences = jwt.claims.get("aud").and_then(audiences);
        let ours = audiences.is_some_and(|audiences| {
            !audiences.is_empty() && audiences.iter().all(|aud| *aud == *self.client.id)
        });
        if issuer == Some(self.client.issuer.as_str()) && ours {
            Ok(jwt.claims)
        } else {
            Err(ValidationError::Userinfo)
        }
    }
}

/// The media type without parameters, in lower case; empty if there is none.
fn media_type(headers: &HeaderMap) -> String {
    let full = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let full = String::from_utf8_lossy(full.unwrap_or_default());
    let essence = full.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}
