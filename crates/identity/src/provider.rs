//! The interface of providers, independent of their protocol.

use core::fmt;
use core::time::Duration;

use async_trait::async_trait;
use latchkey_core::{Profile, Timestamp};
use url::Url;

use crate::error::SignInError;

/// A provider that users can sign in with.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Its configured id, the `provider` of `GET /auth/login`.
    fn id(&self) -> &str;

    /// The label of its button.
    fn label(&self) -> &str;

    /// Its kind.
    fn kind(&self) -> Kind;

    /// Whether users can step up with it, so that [`AuthorizeRequest::max_age`] may be set: either
    /// it can report when it authenticated the user, or the configuration accepts a new sign-in.
    fn supports_step_up(&self) -> bool {
        true
    }

    /// The URL to redirect the browser to. Fetches the provider's metadata if needed; returns
    /// within the provider's timeout.
    ///
    /// # Errors
    ///
    /// Returns an error if the metadata cannot be fetched or is invalid, or if `request` is
    /// invalid.
    async fn authorize_url(
        &self,
        request: &AuthorizeRequest<'_>,
        now: Timestamp,
    ) -> Result<Url, SignInError>;

    /// Exchanges the code for the claims about the user and verifies them; returns within the
    /// provider's timeout.
    ///
    /// # Errors
    ///
    /// Returns an error if the provider is unavailable or refuses the code, or if one of its
    /// responses fails a check.
    async fn complete(
        &self,
        response: &AuthorizationResponse<'_>,
        now: Timestamp,
    ) -> Result<AuthenticatedProfile, SignInError>;
}

/// A user's profile, as asserted by the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticatedProfile {
    /// The user's identity and claims.
    pub profile: Profile,
    /// When the user authenticated at the provider, if the provider says so.
    pub auth_time: Option<Timestamp>,
}

/// The kind of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Google, with OpenID Connect.
    Google,
    /// GitHub, with OAuth 2.0.
    GitHub,
    /// Microsoft Entra, with OpenID Connect.
    Microsoft,
    /// GitLab, with OpenID Connect.
    GitLab,
    /// Keycloak, with OpenID Connect.
    Keycloak,
    /// Okta, with OpenID Connect.
    Okta,
    /// Auth0, with OpenID Connect.
    Auth0,
    /// Any other OpenID Connect issuer.
    Oidc,
    /// The built-in provider for evaluation.
    Demo,
}

/// What the provider should ask the user, even if the user is already signed in there. If the
/// provider does not support a prompt, the closest one is requested, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prompt {
    /// To choose an account.
    #[default]
    SelectAccount,
    /// To authenticate again.
    Login,
}

impl Prompt {
    /// The value of the parameter `prompt` (OpenID Connect Core §3.1.2.1).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SelectAccount => "select_account",
            Self::Login => "login",
        }
    }
}

/// The start of a sign-in. The caller generates state, nonce and verifier, each of at least 128
/// random bits, and stores them until the browser returns.
#[derive(Clone, Copy)]
pub struct AuthorizeRequest<'a> {
    /// Returned in the redirect (RFC 6749 §10.12).
    pub state: &'a str,
    /// Returned in the ID token.
    pub nonce: &'a str,
    /// The PKCE verifier, 43 to 128 characters (RFC 7636 §4.1); only its hash is sent.
    pub verifier: &'a str,
    /// The URL that the provider redirects the browser to, exactly as registered there.
    pub redirect_uri: &'a str,
    /// What the provider should ask the user.
    pub prompt: Prompt,
    /// The maximum age of the user's authentication at the provider. If it is older, the provider
    /// authenticates the user again (Core §3.1.2.1).
    pub max_age: Option<Duration>,
    /// The expected user, such as an email address, as a hint (Core §3.1.2.1).
    pub login_hint: Option<&'a str>,
}

impl fmt::Debug for AuthorizeRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizeRequest")
            .field("redirect_uri", &self.redirect_uri)
            .field("prompt", &self.prompt)
            .field("max_age", &self.max_age)
            .finish_non_exhaustive()
    }
}

/// The redirect with which the browser returned. The caller has already checked its state.
#[derive(Clone, Copy)]
pub struct AuthorizationResponse<'a> {
    /// The authorization code.
    pub code: &'a str,
    /// The parameter `iss` of the redirect, if it had one (RFC 9207).
    pub iss: Option<&'a str>,
    /// The nonce of this sign-in.
    pub nonce: &'a str,
    /// The PKCE verifier of this sign-in.
    pub verifier: &'a str,
    /// The redirect URI of this sign-in.
    pub redirect_uri: &'a str,
    /// The value of [`AuthorizeRequest::max_age`]; the ID token must satisfy it, except that
    /// `auth_time` may be missing with [`StepUp::SignInAgain`](crate::StepUp). If it is `None`,
    /// `auth_time` is returned without being checked.
    pub max_age: Option<Duration>,
}

impl fmt::Debug for AuthorizationResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationResponse")
            .field("iss", &self.iss)
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}
