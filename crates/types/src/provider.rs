//! The providers that the sign-in page offers.

use serde::{Deserialize, Serialize};

use crate::password::PasswordInfo;

/// The response of `GET /auth/providers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProviderList {
    /// The providers, in the order in which to offer them.
    pub providers: Vec<ProviderInfo>,
    /// Present if users can sign in with a username and a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordInfo>,
}

/// A provider that users can sign in with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProviderInfo {
    /// The value of `provider` in `GET /auth/login?provider=`.
    pub id: String,
    /// The label of its button, such as `Google` or `Example Inc.`.
    pub label: String,
    /// Its kind.
    pub kind: ProviderKind,
}

/// The kind of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ProviderKind {
    /// Google, with OpenID Connect.
    Google,
    /// GitHub, with OAuth 2.0.
    #[serde(rename = "github")]
    GitHub,
    /// Microsoft Entra, with OpenID Connect.
    Microsoft,
    /// GitLab, with OpenID Connect.
    #[serde(rename = "gitlab")]
    GitLab,
    /// Keycloak, with OpenID Connect.
    Keycloak,
    /// Okta, with OpenID Connect.
    Okta,
    /// Auth0, with OpenID Connect.
    Auth0,
    /// Any other OpenID Connect issuer.
    Oidc,
    /// The built-in provider for evaluation; only if `demo` is enabled.
    Demo,
}
