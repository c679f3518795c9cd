//! Errors of a sign-in and of a provider's configuration.

use thiserror::Error;

use crate::validation_error::ValidationError;

/// Why a sign-in failed. No message contains a code, a token, a secret, or text that came from
/// outside.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignInError {
    /// The provider is down, slow, or does not follow the protocol.
    #[error("the provider `{provider}` is unavailable: {reason}; try again later")]
    Unavailable {
        /// The configured name of the provider.
        provider: String,
        /// What failed.
        reason: String,
    },
    /// The provider refused the code or the client.
    #[error("the provider `{provider}` refused the sign-in: {reason}")]
    Refused {
        /// The configured name of the provider.
        provider: String,
        /// The cause, such as a registered error code, and usually what to do.
        reason: String,
        /// Whether the cause may be the authorization code, which anyone can make up. Otherwise the
        /// client is misconfigured, here or at the provider.
        code_refused: bool,
    },
    /// A response of the provider failed a check.
    #[error("the response of the provider `{provider}` is invalid: {error}")]
    Invalid {
        /// The configured name of the provider.
        provider: String,
        /// The check that failed.
        error: ValidationError,
    },
}

/// A [`SignInError`] without the name of the provider.
#[derive(Clone, Debug)]
pub(crate) enum ProviderError {
    Unavailable(String),
    Refused(String),
    CodeRefused(String),
    Invalid(ValidationError),
}

impl ProviderError {
    /// Adds the name of the provider.
    pub(crate) fn with_provider(self, provider: &str) -> SignInError {
        let provider = provider.to_owned();
        match self {
            Self::Unavailable(reason) => SignInError::Unavailable { provider, reason },
            Self::Refused(reason) => SignInError::Refused {
                provider,
                reason,
                code_refused: false,
            },
            Self::CodeRefused(reason) => SignInError::Refused {
                provider,
                reason,
                code_refused: true,
            },
            Self::Invalid(error) => SignInError::Invalid { provider, error },
        }
    }
}

impl From<ValidationError> for ProviderError {
    fn from(error: ValidationError) -> Self {
        Self::Invalid(error)
    }
}

/// An error in the configuration of a provider.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// The issuer is not a URL.
    #[error(
        "the issuer `{issuer}` of the provider `{provider}` is not a valid URL; use a URL such as https://login.example.com"
    )]
    IssuerNotUrl {
        /// The configured name of the provider.
        provider: String,
        /// As configured.
        issuer: String,
    },
    /// Requests to the issuer would be unencrypted.
    #[error(
        "the issuer `{issuer}` of the provider `{provider}` must be an https URL; http is allowed only for a loopback address"
    )]
    IssuerInsecure {
        /// The configured name of the provider.
        provider: String,
        /// As configured.
        issuer: String,
    },
    /// The issuer has parts that OpenID Connect Discovery §3 forbids.
    #[error(
        "the issuer of the provider `{provider}` must not have a user name, a query or a fragment; copy the `issuer` from the provider's discovery document"
    )]
    IssuerParts {
        /// The configured name of the provider.
        provider: String,
    },
    /// The URL of the discovery document was given instead of the issuer.
    #[error(
        "the issuer `{issuer}` of the provider `{provider}` is the URL of a discovery document; use the `issuer` in that document, usually the part before /.well-known/"
    )]
    IssuerWellKnown {
        /// The configured name of the provider.
        provider: String,
        /// As configured.
        issuer: String,
    },
    /// The issuer of Microsoft Entra's ID tokens names a single tenant, never one of these aliases.
    #[error(
        "the issuer of the provider `{provider}` is an alias for several tenants of Microsoft Entra (`{tenant}`), which never issues ID tokens; use the id of one tenant instead: https://login.microsoftonline.com/<tenant id>/v2.0 (for personal accounts the tenant id is 9188040d-6c67-4c5b-b112-36a304b66dad)"
    )]
    IssuerShared {
        /// The configured name of the provider.
        provider: String,
        /// The alias.
        tenant: String,
    },
    /// With the scopes `email` or `name`, Apple responds with a form post, which is not supported.
    #[error(
        "the provider `{provider}`: Sign in with Apple is not supported with the scopes `email` and `name`, because Apple then requires response_mode=form_post; use scopes = [\"openid\"], which gives neither email address nor name"
    )]
    AppleScopes {
        /// The configured name of the provider.
        provider: String,
    },
    /// The timeout is too short, or longer than the page waits.
    #[error(
        "the `timeout` of the provider `{provider}` must be between 1 and 9 seconds: the page that waits for the sign-in gives up after ten"
    )]
    Timeout {
        /// The configured name of the provider.
        provider: String,
    },
    /// A value that must not be empty is empty.
    #[error(
        "the `{key}` of the provider `{provider}` is empty; copy the value from the provider's console, or remove the key"
    )]
    Empty {
        /// The configured name of the provider.
        provider: String,
        /// The configuration key.
        key: &'static str,
    },
    /// Without the scope `openid` there is no ID token.
    #[error("`openid` is missing from the scopes of the provider `{provider}`; add it")]
    ScopeOpenid {
        /// The configured name of the provider.
        provider: String,
    },
    /// There are no certificate authorities to verify certificates with.
    #[error(
        "the provider `{provider}` needs https, but the system's certificate authorities cannot be loaded ({reason}); install the package `ca-certificates`"
    )]
    NoCertificateAuthorities {
        /// The configured name of the provider.
        provider: String,
        /// The error of the TLS library.
        reason: String,
    },
    /// The HTTP client cannot be created.
    #[error("the HTTP client cannot be created: {0}")]
    HttpClient(String),
}
