//! `kind` in `[providers.NAME]`: the ready-made configurations, and the keys that each needs.

use latchkey_identity::{
    Kind, ProviderConfig, auth0, github, gitlab, google, keycloak, microsoft, okta,
};
use secrecy::SecretString;

use super::provider_section::ProviderSection;

/// The values of `kind`, in the order of the documentation.
const KINDS: [(&str, Kind); 8] = [
    ("google", Kind::Google),
    ("github", Kind::GitHub),
    ("microsoft", Kind::Microsoft),
    ("gitlab", Kind::GitLab),
    ("keycloak", Kind::Keycloak),
    ("okta", Kind::Okta),
    ("auth0", Kind::Auth0),
    ("oidc", Kind::Oidc),
];
/// Microsoft's aliases, which are not ids of tenants.
const SHARED_TENANTS: [&str; 3] = ["common", "organizations", "consumers"];

/// The kind of a section.
pub(super) struct ProviderKind(Kind);

impl ProviderKind {
    /// The kind is the value of the key `kind`. Without the key, it is the name of the section if that
    /// is a kind, and otherwise `oidc`. But with an issuer, only the name `google` counts as a kind:
    /// under any other name, the section is `oidc`.
    pub(super) fn of(name: &str, section: &ProviderSection) -> Result<Self, String> {
        let known = |text: &str| KINDS.iter().find(|(name, _)| *name == text);
        let kind = match section.kind.as_deref() {
            Some("apple") => return Err(apple(name)),
            Some(text) => known(text).ok_or_else(|| {
                let names: Vec<_> = KINDS.iter().map(|(name, _)| format!("{name:?}")).collect();
                format!(
                    "providers.{name}.kind: {text:?} is not one of {}",
                    names.join(", ")
                )
            })?,
            None if name == "google" || section.issuer.is_none() => {
                known(name).unwrap_or(&KINDS[7])
            }
            None => &KINDS[7],
        };
        Ok(Self(kind.1))
    }

    /// The configuration of a provider of this kind, from its section and its client credentials.
    pub(super) fn config(
        &self,
        name: &str,
        section: &ProviderSection,
        client_id: String,
        client_secret: Option<SecretString>,
    ) -> Result<ProviderConfig, String> {
        let key = format!("providers.{name}");
        self.refuse_unused(&key, section)?;
        let secret = || {
            client_secret.clone().ok_or_else(|| {
                format!(
                    "{key}.client_secret: this key or client_secret_file is required; {} issues \
                     the secret together with the client id",
                    self.label()
                )
            })
        };
        let issuer = section.issuer.clone();
        let mut config = match self.0 {
            Kind::Google => google(client_id, secret()?),
            Kind::GitHub => github(client_id, secret()?),
            Kind::Microsoft => {
                let tenant = match (&section.tenant, &issuer) {
                    (Some(tenant), _) => check_tenant(&key, tenant)?,
                    (None, Some(_)) => "",
                    (None, None) => return Err(tenant_missing(&key)),
                };
                microsoft(tenant, client_id, secret()?)
            }
            Kind::GitLab => gitlab(client_id, secret()?),
            Kind::Okta => okta(host(&key, section)?, client_id, secret()?),
            Kind::Auth0 => auth0(host(&key, section)?, client_id, secret()?),
            Kind::Keycloak => {
                let issuer = issuer.clone().ok_or_else(|| {
                    format!(
                        "{key}.issuer: this key is required, such as \
                         \"https://keycloak.example.com/realms/REALM\""
                    )
                })?;
                keycloak(issuer, client_id, secret()?)
            }
            Kind::Oidc | Kind::Demo => {
                let issuer = issuer.clone();
                let issuer = issuer.ok_or(format!("{key}.issuer: this key is required"))?;
                ProviderConfig {
                    client_secret,
                    ..ProviderConfig::new(name, issuer, client_id)
                }
            }
        };
        if let Some(issuer) = issuer {
            config.issuer = issuer;
        }
        Ok(config)
    }

    /// Refuses keys that would have no effect.
    fn refuse_unused(&self, key: &str, section: &ProviderSection) -> Result<(), String> {
        let takes_domain = matches!(self.0, Kind::Okta | Kind::Auth0);
        let is_github = self.0 == Kind::GitHub;
        let unused = [
            (
                "tenant",
                section.tenant.is_some() && self.0 != Kind::Microsoft,
                "only kind = \"microsoft\" uses it",
            ),
            (
                "domain",
                section.domain.is_some() && !takes_domain,
                "only kind = \"okta\" and kind = \"auth0\" use it",
            ),
            (
                "issuer",
                section.issuer.is_some() && (section.tenant.is_some() || section.domain.is_some()),
                "it follows from tenant or domain",
            ),
            (
                "trust_email",
                section.trust_email && is_github,
                "GitHub always reports whether an address is verified",
            ),
            (
                "client_auth",
                section.client_auth.is_some() && is_github,
                "GitHub accepts the client secret in one way only",
            ),
        ];
        let first = unused.iter().find(|(_, is_unused, _)| *is_unused);
        first.map_or(Ok(()), |(name, _, reason)| {
            Err(format!("{key}.{name}: remove this key; {reason}"))
        })
    }

    fn label(&self) -> &'static str {
        match self.0 {
            Kind::Google => "Google",
            Kind::GitHub => "GitHub",
            Kind::Microsoft => "Microsoft",
            Kind::GitLab => "GitLab",
            Kind::Keycloak => "Keycloak",
            Kind::Okta => "Okta",
            Kind::Auth0 => "Auth0",
            Kind::Oidc | Kind::Demo => "the provider",
        }
    }
}

/// The error for Apple: why there is no kind for "Sign in with Apple".
fn apple(name: &str) -> String {
    format!(
        "providers.{name}.kind: Sign in with Apple has no kind: for an email address or a name it \
         requires response_mode=form_post, a cross-site POST to which browsers do not attach the \
         sign-in cookie; use another provider that offers Apple to its users, such as kind = \
         \"auth0\" or kind = \"keycloak\", or do without address and name: kind = \"oidc\", \
         issuer = \"https://appleid.apple.com\" and scopes = [\"openid\"]"
    )
}

fn tenant_missing(key: &str) -> String {
    format!(
        "{key}.tenant: this key is required; use the \"Directory (tenant) ID\" from the app's \
         overview page in the Microsoft Entra admin center"
    )
}

/// The tenant, if it is the id of one tenant.
fn check_tenant<'a>(key: &str, tenant: &'a str) -> Result<&'a str, String> {
    if SHARED_TENANTS.contains(&tenant.to_ascii_lowercase().as_str()) {
        return Err(format!(
            "{key}.tenant: {tenant:?} is not a tenant id; such an alias can stand for many tenants, \
             each of which decides which email addresses its users have; use the id of one tenant \
             (for personal accounts, it is 9188040d-6c67-4c5b-b112-36a304b66dad)"
        ));
    }
    let groups: Vec<_> = tenant.split('-').map(str::len).collect();
    let is_id =
        groups == [8, 4, 4, 4, 12] && tenant.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    if is_id {
        Ok(tenant)
    } else {
        Err(format!(
            "{key}.tenant: {tenant:?} is not a tenant id, such as \
             9188040d-6c67-4c5b-b112-36a304b66dad; a domain does not work, because ID tokens \
             contain the id: copy \"Directory (tenant) ID\" from the app's overview page in the \
             Microsoft Entra admin center"
        ))
    }
}

/// The domain; empty if an issuer is given instead.
fn host<'a>(key: &str, section: &'a ProviderSection) -> Result<&'a str, String> {
    let is_host = |text: &str| {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-.:".contains(c);
        !text.is_empty() && text.chars().all(is_allowed)
    };
    match (section.domain.as_deref(), &section.issuer) {
        (Some(domain), _) if is_host(domain) => Ok(domain),
        (Some(domain), _) => Err(format!(
            "{key}.domain: {domain:?} is not a host name, such as \"example.okta.com\" or \
             \"example.eu.auth0.com\""
        )),
        (None, Some(_)) => Ok(""),
        (None, None) => Err(format!(
            "{key}.domain: this key is required, such as \"example.okta.com\" or \
             \"example.eu.auth0.com\""
        )),
    }
}
