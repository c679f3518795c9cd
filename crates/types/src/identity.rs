//! The identities of the user in the API: the ways to sign in to one account.

use serde::{Deserialize, Serialize};

/// The `state` of a flow that links an identity begins with this, so that the callback page knows
/// where to send the authorization response. The server does not rely on the prefix: the flow itself
/// says whether it links an identity.
pub const LINK_STATE_PREFIX: &str = "link.";

/// The response of `GET /api/identities`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IdentityList {
    /// The identities, oldest first.
    pub identities: Vec<IdentityInfo>,
}

/// One way to sign in to the account: an account at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IdentityInfo {
    /// Its id within the account.
    pub id: String,
    /// The id of the provider; absent if the provider is no longer configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The provider's issuer identifier.
    pub issuer: String,
    /// The provider's identifier of the user.
    pub subject: String,
    /// The email address at the latest sign-in with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the provider has verified that address; present if `email` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// The display name at the latest sign-in with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it was added to the account, in seconds since 1970.
    pub linked_at: u64,
    /// Whether the session of the request was opened with it.
    pub current: bool,
    /// Whether it is suspended because the password was set with a link: sign-ins with this identity
    /// are refused until the user adds it again.
    #[serde(default, skip_serializing_if = "is_false")]
    pub suspended: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// The body of `POST /api/identities/link`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LinkRequest {
    /// The id of the provider.
    pub provider: String,
}

/// The response of `POST /api/identities/link`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LinkStarted {
    /// The provider's page, to which the browser must go. Its response arrives at the callback page.
    pub url: String,
}

/// The body of `POST /api/identities`: the provider's authorization response.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LinkCompletion {
    /// The authorization code (RFC 6749 §4.1.2).
    pub code: String,
    /// The `state`.
    pub state: String,
    /// The URL that the provider redirected to, without the query.
    pub redirect_uri: String,
    /// The issuer that sent the response (RFC 9207).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
}

impl core::fmt::Debug for LinkCompletion {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("LinkCompletion")
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::LinkCompletion;

    #[test]
    fn debug_output_contains_no_code_and_no_state() {
        let completion = LinkCompletion {
            code: "secret-code".to_owned(),
            state: "secret-state".to_owned(),
            redirect_uri: "http://127.0.0.1/callback/a".to_owned(),
            iss: None,
        };
        assert!(!format!("{completion:?}").contains("secret"));
    }
}
