//! Identity providers: how users sign in.

use latchkey_core::rights::{ConfiguredProvider, TrustedEmails};
use latchkey_core::user::LOCAL;
use latchkey_identity::ProviderConfig;

use crate::settings::SignUp;

/// An identity provider.
#[derive(Clone, Debug)]
pub struct Provider(pub(crate) Kind);

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Configured(Box<ProviderConfig>),
    Local(SignUp),
    Demo,
}

impl Provider {
    /// Google, with the id and the secret of an OAuth client.
    pub fn google(client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        Self::with(latchkey_identity::google(client_id, client_secret.into()))
    }

    /// GitHub, with the id and the secret of an OAuth app or a GitHub App. Register the callback
    /// URL `{public_url}/callback/github`. GitHub does not report when a user authenticated, so
    /// users cannot step up with it, unless you set [`step_up`](ProviderConfig::step_up) and pass the
    /// configuration to [`Provider::with`].
    pub fn github(client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        Self::with(latchkey_identity::github(client_id, client_secret.into()))
    }

    /// One tenant of Microsoft Entra, given by its id.
    pub fn microsoft(
        tenant: &str,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Self {
        let secret = client_secret.into();
        Self::with(latchkey_identity::microsoft(tenant, client_id, secret))
    }

    /// gitlab.com, with the id and the secret of an application.
    pub fn gitlab(client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        Self::with(latchkey_identity::gitlab(client_id, client_secret.into()))
    }

    /// A realm of a Keycloak server; its issuer is `https://HOST/realms/REALM`.
    pub fn keycloak(
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Self {
        let secret = client_secret.into();
        Self::with(latchkey_identity::keycloak(issuer, client_id, secret))
    }

    /// An Okta organization, given by its domain, such as `example.okta.com`.
    pub fn okta(
        domain: &str,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Self {
        let secret = client_secret.into();
        Self::with(latchkey_identity::okta(domain, client_id, secret))
    }

    /// An Auth0 tenant, given by its domain, such as `example.eu.auth0.com`.
    pub fn auth0(
        domain: &str,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Self {
        let secret = client_secret.into();
        Self::with(latchkey_identity::auth0(domain, client_id, secret))
    }

    /// Any OpenID Connect provider. `name` is the value of the parameter `provider` of
    /// `GET /auth/login`. `issuer` is the issuer identifier, character for character, without
    /// `/.well-known/…`. Register the redirect URI `{public_url}/callback/{name}` at the provider.
    pub fn oidc(
        name: impl Into<String>,
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Self {
        let mut config = ProviderConfig::new(name, issuer, client_id);
        let client_secret: String = client_secret.into();
        config.client_secret = Some(client_secret.into());
        Self(Kind::Configured(Box::new(config)))
    }

    /// Any provider, with all options: scopes, client authentication, timeout, label, step-up.
    pub fn with(config: ProviderConfig) -> Self {
        Self(Kind::Configured(Box::new(config)))
    }

    /// Local accounts, with a username and a password. An operator can always create accounts and
    /// links that set a password; `sign_up` says who else may create an account. The rules of
    /// admission do not apply to local accounts, and their email addresses are not verified.
    pub fn local(sign_up: SignUp) -> Self {
        Self(Kind::Local(sign_up))
    }

    /// The built-in demo provider, with which anyone on this machine can sign in as anyone. The
    /// public URL must be a loopback address.
    pub fn demo() -> Self {
        Self(Kind::Demo)
    }
}

/// Local accounts as the rules of admission and administration see them: nobody vouches for their
/// addresses.
pub(crate) fn configured_local() -> ConfiguredProvider {
    ConfiguredProvider {
        provider: LOCAL.to_owned(),
        issuer: LOCAL.to_owned(),
        google: false,
        trusted_emails: TrustedEmails::Domains(Vec::new()),
    }
}

/// The provider as the rules of admission and administration see it. If no other provider
/// is configured, rules that do not name a provider trust this one for all email addresses.
/// Otherwise these rules trust only Google, and only for the addresses that Google manages.
pub(crate) fn configured(config: &ProviderConfig, only: bool) -> ConfiguredProvider {
    let google = config.kind == latchkey_identity::Kind::Google;
    ConfiguredProvider {
        provider: config.id.clone(),
        issuer: config.issuer.clone(),
        google,
        trusted_emails: match (only, google) {
            (true, _) => TrustedEmails::Any,
            (false, true) => TrustedEmails::GoogleManaged,
            (false, false) => TrustedEmails::Domains(Vec::new()),
        },
    }
}
