//! Ready-made configurations of well-known providers. Each sets what the provider's documentation
//! prescribes; the caller adds the client, and may change everything else.

use secrecy::SecretString;

use crate::config::{GOOGLE, ProviderConfig};
use crate::provider::Kind;

/// GitHub's site, which is also the issuer of its users' identities.
const GITHUB: &str = "https://github.com";
/// GitLab's issuer identifier.
const GITLAB: &str = "https://gitlab.com";

/// The configuration for Google, with a client created in its console.
pub fn google(
    client_id: impl Into<String>,
    client_secret: impl Into<SecretString>,
) -> ProviderConfig {
    ProviderConfig {
        label: "Google".to_owned(),
        kind: Kind::Google,
        client_secret: Some(client_secret.into()),
        ..ProviderConfig::new("google", GOOGLE, client_id)
    }
}

/// The configuration for GitHub, with an OAuth app or a GitHub App created in its settings. For
/// GitHub Enterprise, set [`issuer`](ProviderConfig::issuer) to the URL of the site.
///
/// GitHub is not an OpenID Connect provider. It does not report when a user authenticated, so users
/// can step up with it only if [`step_up`](ProviderConfig::step_up) is
/// [`StepUp::SignInAgain`](crate::StepUp).
pub fn github(
    client_id: impl Into<String>,
    client_secret: impl Into<SecretString>,
) -> ProviderConfig {
    ProviderConfig {
        scopes: ["read:user", "user:email"].map(str::to_owned).to_vec(),
        ..preset(
            "github",
            "GitHub",
            Kind::GitHub,
            GITHUB,
            client_id,
            client_secret,
        )
    }
}

/// The configuration for one tenant of Microsoft Entra, given by its id. A domain of the tenant does
/// not work, because the issuer of ID tokens contains the id.
pub fn microsoft(
    tenant: &str,
    client_id: impl Into<String>,
    client_secret: impl Into<SecretString>,
) -> ProviderConfig {
    let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
    preset(
        "microsoft",
        "Microsoft",
        Kind::Microsoft,
        issuer,
        client_id,
        client_secret,
    )
}

/// The configuration for gitlab.com. For another GitLab server, set
/// [`issuer`](ProviderConfig::issuer) to its URL.
pub fn gitlab(
    client_id: impl Into<String>,
    client_secret: impl Into<SecretString>,
) -> ProviderConfig {
    preset(
        "gitlab",
        "GitLab",
        Kind::GitLab,
        GITLAB,
        client_id,
        client_secret,
    )
}

/// The configuration for one realm of a Keycloak server; its issuer is
/// `https://HOST/realms/REALM`.
pub fn keycloak(
    issuer: impl Into<String>,
    client_id: impl Into<String>,
    client_secret: impl Into<SecretString>,
) -> ProviderConfig {
    preset(
        "keycloak",
        "Keycloak",
        Kind::Keycloak,
        issuer,
        client_id,
        client_secret,
    )
}

/// The configuration for an Okta organization, given by its domain, such as `example.okta.com`.
/// It uses the organization's own authorization server. For a custom authorization server, set
/// [`issuer`](ProviderConfig::issuer).
pub fn okta(
    domain: &str,
    client_id: impl Into<String>,
    client_secret: impl Into<SecretString>,
) -> ProviderConfig {
    preset(
        "okta",
        "Okta",
        Kind::Okta,
        format!("https://{domain}"),
        client_id,
        client_secret,
    )
}

/// The configuration for an Auth0 tenant, given by its domain, such as `example.eu.auth0.com`.
pub fn auth0(
    domain: &str,
    client_id: impl Into<String>,
    client_secret: impl Into<SecretString>,
) -> ProviderConfig {
    // Auth0's issuer identifiers end with a slash.
    preset(
        "auth0",
        "Auth0",
        Kind::Auth0,
        format!("https://{domain}/"),
        client_id,
        client_secret,
    )
}

fn preset(
    id: &str,
    label: &str,
    kind: Kind,
    issuer: impl Into<String>,
    client_id: impl Into<String>,
    client_secret: impl Into<SecretString>,
) -> ProviderConfig {
    ProviderConfig {
        label: label.to_owned(),
        kind,
        client_secret: Some(client_secret.into()),
        ..ProviderConfig::new(id, issuer, client_id)
    }
}
