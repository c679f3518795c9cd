//! What can go wrong: in the configuration, and at a sign-in.

use thiserror::Error;

use crate::check::Check;

/// Why nobody could be signed in. No message holds a code, a token, a secret, or text that a
/// stranger chose.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignInError {
    /// The provider is down, slow, or answers with something else than its protocol.
    #[error("the provider `{provider}` is not available: {reason}; try again later")]
    Unavailable {
        /// The configured name of the provider.
        provider: String,
        /// What happened.
        reason: String,
    },
    /// The provider does not take this code, or this client.
    #[error("the provider `{provider}` refused the sign-in: {reason}")]
    Refused {
        /// The configured name of the provider.
        provider: String,
        /// What it said, and what to do about it.
        reason: String,
    },
    /// The provider's answer failed a check.
    #[error("the answer of the provider `{provider}` is not accepted: {what}")]
    Invalid {
        /// The configured name of the provider.
        provider: String,
        /// The check that failed.
        what: Check,
    },
}

/// A [`SignInError`] that does not know yet which provider it is about.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    Unavailable(String),
    Refused(String),
    Invalid(Check),
}

impl Fault {
    /// This fault, of this provider.
    pub(crate) fn of(self, provider: &str) -> SignInError {
        let provider = provider.to_owned();
        match self {
            Self::Unavailable(reason) => SignInError::Unavailable { provider, reason },
            Self::Refused(reason) => SignInError::Refused { provider, reason },
            Self::Invalid(what) => SignInError::Invalid { provider, what },
        }
    }
}

impl From<Check> for Fault {
    fn from(check: Check) -> Self {
        Self::Invalid(check)
    }
}

/// A mistake in the configuration of a provider, to be told before the port opens.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// The issuer is not a URL.
    #[error(
        "the issuer `{issuer}` of the provider `{provider}` is not a URL; write it as https://login.example.com"
    )]
    IssuerNotUrl {
        /// The configured name of the provider.
        provider: String,
        /// As configured.
        issuer: String,
    },
    /// The issuer would be asked in the clear.
    #[error(
        "the issuer `{issuer}` of the provider `{provider}` must be an https URL; plain http is for a loopback address only"
    )]
    IssuerInsecure {
        /// The configured name of the provider.
        provider: String,
        /// As configured.
        issuer: String,
    },
    /// Discovery §3 forbids it.
    #[error(
        "the issuer of the provider `{provider}` must not have a user name, a query or a fragment; take it from the `issuer` of the provider's discovery document"
    )]
    IssuerParts {
        /// The configured name of the provider.
        provider: String,
    },
    /// The address of the discovery document is not the issuer.
    #[error(
        "the issuer `{issuer}` of the provider `{provider}` is the address of a discovery document; write the `issuer` that stands in that document, usually the part before /.well-known/"
    )]
    IssuerWellKnown {
        /// The configured name of the provider.
        provider: String,
        /// As configured.
        issuer: String,
    },
    /// Entra's ID tokens name one tenant as their issuer, never these.
    #[error(
        "the issuer of the provider `{provider}` names all tenants of Microsoft Entra (`{tenant}`), and no ID token comes from that issuer; write the id of one tenant in its place, for personal accounts 9188040d-6c67-4c5b-b112-36a304b66dad: https://login.microsoftonline.com/<tenant id>/v2.0"
    )]
    IssuerShared {
        /// The configured name of the provider.
        provider: String,
        /// What stands for the tenants.
        tenant: String,
    },
    /// Apple answers with a form then, which is not taken here.
    #[error(
        "the provider `{provider}`: Sign in with Apple is not supported with the scopes `email` and `name`, because Apple then answers with a form (response_mode=form_post); with scopes = [\"openid\"] it works, without an address and a name"
    )]
    AppleScopes {
        /// The configured name of the provider.
        provider: String,
    },
    /// Too short for any provider, or longer than the page waits.
    #[error(
        "the `timeout` of the provider `{provider}` must be between 1 and 9 seconds: the page that waits for the sign-in gives up after ten"
    )]
    Timeout {
        /// The configured name of the provider.
        provider: String,
    },
    /// A value that must not be empty is.
    #[error(
        "the `{key}` of the provider `{provider}` is empty; set it to what the provider's console shows, or remove the key"
    )]
    Empty {
        /// The configured name of the provider.
        provider: String,
        /// The key.
        key: &'static str,
    },
    /// Without the scope `openid` there is no ID token.
    #[error("the scopes of the provider `{provider}` lack `openid`; add it")]
    ScopeOpenid {
        /// The configured name of the provider.
        provider: String,
    },
    /// There is nothing to verify certificates with.
    #[error(
        "the provider `{provider}` needs https, but this machine's certificate authorities cannot be loaded ({reason}); install the package `ca-certificates`"
    )]
    NoCertificateAuthorities {
        /// The configured name of the provider.
        provider: String,
        /// What the TLS library says.
        reason: String,
    },
    /// The HTTP client cannot be made at all.
    #[error("the HTTP client cannot be set up: {0}")]
    HttpClient(String),
}
