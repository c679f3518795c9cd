//! What every provider can do, whatever its protocol.

use core::fmt;
use core::time::Duration;

use async_trait::async_trait;
use latchkey_core::{Profile, Timestamp};
use url::Url;

use crate::error::SignInError;

/// A way to sign in.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Its configured name, the `provider` of `GET /auth/login`.
    fn id(&self) -> &str;

    /// What to call it on a button.
    fn label(&self) -> &str;

    /// How it works.
    fn kind(&self) -> Kind;

    /// Where to send the browser. Asks the provider for its metadata first if need be; answers
    /// within the provider's timeout either way.
    async fn authorize_url(
        &self,
        request: &AuthorizeRequest<'_>,
        now: Timestamp,
    ) -> Result<Url, SignInError>;

    /// Exchanges the code for what the provider says about the person, and checks all of it.
    /// Answers within the provider's timeout either way.
    async fn complete(
        &self,
        answer: &AuthorizationAnswer<'_>,
        now: Timestamp,
    ) -> Result<AuthenticatedProfile, SignInError>;
}

/// What a provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticatedProfile {
    /// Who the person is.
    pub profile: Profile,
    /// When they proved it, if the provider says so.
    pub auth_time: Option<Timestamp>,
}

/// How a provider identifies people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Google, by OpenID Connect.
    Google,
    /// Any other OpenID Connect issuer.
    Oidc,
    /// The provider built in for trying things out.
    Demo,
}

/// What to ask the person, though the provider may know them already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prompt {
    /// Which account to use.
    #[default]
    SelectAccount,
    /// To prove again who they are.
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

/// A sign-in that begins. The caller makes state, nonce and verifier, each of at least 128
/// unpredictable bits, and keeps them until the browser comes back.
#[derive(Clone, Copy)]
pub struct AuthorizeRequest<'a> {
    /// Comes back in the redirect (RFC 6749 §10.12).
    pub state: &'a str,
    /// Comes back in the ID token.
    pub nonce: &'a str,
    /// The PKCE verifier, 43 to 128 characters (RFC 7636 §4.1); only its hash is sent.
    pub verifier: &'a str,
    /// Where the provider sends the browser, exactly as registered there.
    pub redirect_uri: &'a str,
    /// What to ask the person.
    pub prompt: Prompt,
    /// How long ago the person may have proved who they are; the provider asks again otherwise
    /// (Core §3.1.2.1).
    pub max_age: Option<Duration>,
    /// Who the person is likely to be (Core §3.1.2.1).
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

/// A browser that came back with a code. The caller has checked its state already.
#[derive(Clone, Copy)]
pub struct AuthorizationAnswer<'a> {
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
    /// What was asked for as [`AuthorizeRequest::max_age`]: the ID token must show that it was
    /// heeded. If nothing was asked for, `auth_time` is passed on and not held against anybody.
    pub max_age: Option<Duration>,
}

impl fmt::Debug for AuthorizationAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationAnswer")
            .field("iss", &self.iss)
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}
