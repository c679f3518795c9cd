//! The userinfo endpoint: more about the person the ID token is about (Core §5.3).

use openidconnect::core::{CoreClient, CoreUserInfoClaims};
use openidconnect::{
    AccessToken, ClaimsVerificationError, SubjectIdentifier, UserInfoError, UserInfoUrl,
};

use super::config::Client;
use super::jwks::KeySet;
use crate::check::Check;
use crate::error::Fault;
use crate::http::{HttpClient, HttpError};

/// Asks the endpoint about the person that the access token is for, who must be `subject`.
pub(super) async fn fetch(
    client: &Client,
    endpoint: &UserInfoUrl,
    keys: &KeySet,
    access_token: &AccessToken,
    subject: &SubjectIdentifier,
    http: &HttpClient,
) -> Result<CoreUserInfoClaims, Fault> {
    CoreClient::new(client.id.clone(), client.issuer.clone(), keys.clone())
        .set_user_info_url(endpoint.clone())
        .user_info(access_token.clone(), Some(subject.clone()))
        .request_async(http)
        .await
        .map_err(fault)
}

fn fault(error: UserInfoError<HttpError>) -> Fault {
    match error {
        UserInfoError::Request(error) => error.at("userinfo"),
        UserInfoError::Response(status, ..) if !status.is_success() => {
            HttpError::Status(status.as_u16()).at("userinfo")
        }
        UserInfoError::ClaimsVerification(ClaimsVerificationError::InvalidSubject(_)) => {
            Check::UserinfoSubject.into()
        }
        _ => Check::Userinfo.into(),
    }
}
