//! Providers as the sign-in page shows them.

use serde::{Deserialize, Serialize};

/// The answer of `GET /auth/providers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderList {
    /// In the order in which to offer them.
    pub providers: Vec<ProviderInfo>,
}

/// One way to sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderInfo {
    /// The value of `provider` in `GET /auth/login?provider=`.
    pub id: String,
    /// What to call it on a button: `Google`, `Example Inc.`.
    pub label: String,
    /// How it works.
    pub kind: ProviderKind,
}

/// How a provider identifies people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderKind {
    /// Google, by OpenID Connect.
    Google,
    /// Any other OpenID Connect issuer.
    Oidc,
    /// The provider built in for trying things out; only with `--demo`.
    Demo,
}
