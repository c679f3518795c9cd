//! Identity providers: how users sign in.

use latchkey_core::rights::{ConfiguredProvider, TrustedEmails};
use latchkey_identity::{OidcConfig, google};

/// An identity provider.
#[derive(Clone, Debug)]
pub struct Provider(pub(crate) Kind);

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Oidc(Box<OidcConfig>),
    Demo,
}

impl Provider {
    /// Google, with the id and the secret of an OAuth client.
    pub fn google(client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        let client_secret: String = client_secret.into();
        Self(Kind::Oidc(Box::new(google(client_id, client_secret))))
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
        let mut config = OidcConfig::new(name, issuer, client_id);
        let client_secret: String = client_secret.into();
        config.client_secret = Some(client_secret.into());
        Self(Kind::Oidc(Box::new(config)))
    }

    /// Any OpenID Connect provider, with all options: scopes, client authentication, timeout,
    /// label.
    pub fn oidc_with(config: OidcConfig) -> Self {
        Self(Kind::Oidc(Box::new(config)))
    }

    /// The built-in demo provider, with which anyone on this machine can sign in as anyone. The
    /// public URL must be a loopback address.
    pub fn demo() -> Self {
        Self(Kind::Demo)
    }
}

/// The provider as the rules of admission and administration see it. Rules that do not name a
/// provider trust all email addresses of the only provider; of several providers, they trust only
/// Google, and only for the addresses that it manages.
pub(crate) fn configured(config: &OidcConfig, only: bool) -> ConfiguredProvider {
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
