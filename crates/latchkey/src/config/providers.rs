//! `[providers.NAME]`

use std::collections::BTreeMap;
use std::path::PathBuf;

use latchkey_core::rights::{Admission, Entry, GOOGLES_OWN, Listed};
use latchkey_identity::{ClientAuth, Kind, OidcConfig, google};
use latchkey_types::paths;
use serde::Deserialize;

use super::duration::Written;
use super::mistakes::Mistakes;
use super::secret;

/// The name of the built-in provider; nobody else may take it.
pub(super) const DEMO: &str = "demo";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderSection {
    pub(super) kind: Option<String>,
    label: Option<String>,
    pub(super) issuer: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    client_secret_file: Option<PathBuf>,
    scopes: Option<Vec<String>>,
    redirect: Option<String>,
    /// For which addresses its word counts; see `rights`.
    pub(super) email_domains: Option<Vec<String>>,
    select_account: Option<bool>,
    client_auth: Option<String>,
    #[serde(default)]
    trust_email: bool,
    timeout: Option<Written>,
}

/// Google first, the others by name.
pub(super) fn check(
    sections: BTreeMap<String, ProviderSection>,
    mistakes: &mut Mistakes,
) -> Vec<OidcConfig> {
    let mut providers = Vec::new();
    for (name, section) in sections {
        let known = mistakes.take(one(&name, section));
        providers.extend(known);
    }
    providers.sort_by_key(|provider: &OidcConfig| provider.id != "google");
    refuse_unequal_twins(&providers, mistakes);
    providers
}

/// An account is an issuer and a subject: which of two sections with one issuer it came through is
/// not known later, so what the one may vouch for, the other may.
fn refuse_unequal_twins(providers: &[OidcConfig], mistakes: &mut Mistakes) {
    for (index, one) in providers.iter().enumerate() {
        let twins = providers.iter().skip(index + 1);
        for twin in twins.filter(|it| it.issuer == one.issuer) {
            if one.trust_email != twin.trust_email {
                mistakes.add(format!(
                    "providers.{}.trust_email: providers.{} has the same issuer and another \
                     value, but their accounts are the same; write the same in both",
                    twin.id, one.id
                ));
            }
        }
    }
}

/// Where only the accounts of one organisation are admitted, Google's account chooser need not offer
/// others. This is a convenience: what decides is the ID token.
pub(super) fn hint_domain(providers: &mut [OidcConfig], admission: &Admission) {
    let Admission::AllowList(entries) = admission else {
        return;
    };
    let [
        Entry {
            provider: named,
            listed: Listed::Domain(domain),
        },
    ] = entries.as_slice()
    else {
        return;
    };
    // These accounts belong to no organisation.
    if GOOGLES_OWN
        .iter()
        .any(|own| own.eq_ignore_ascii_case(domain))
    {
        return;
    }
    for provider in providers {
        let meant = named.as_ref().is_none_or(|name| *name == provider.id);
        if meant && provider.kind == Kind::Google {
            provider.hosted_domain = Some(domain.clone());
        }
    }
}

/// Whether the one provider is called back at bare `/callback`. With several, an answer that arrives
/// there could be anybody's.
pub(super) fn check_redirects(
    sections: &BTreeMap<String, ProviderSection>,
    mistakes: &mut Mistakes,
) -> bool {
    let mut bare = false;
    for (name, section) in sections {
        let own = paths::callback_of(name);
        match section.redirect.as_deref() {
            None => {}
            Some(path) if path == own => {}
            Some(paths::CALLBACK) if sections.len() == 1 => bare = true,
            Some(paths::CALLBACK) => mistakes.add(format!(
                "providers.{name}.redirect: \"{}\" is possible with one provider only, because \
                 one of several could pass another's answers off as its own; remove the key and \
                 register {{public_url}}{own} with this provider",
                paths::CALLBACK
            )),
            Some(_) => mistakes.add(format!(
                "providers.{name}.redirect: leave it out for \"{own}\", or write \"{}\" if this \
                 is the only provider",
                paths::CALLBACK
            )),
        }
    }
    bare
}

fn one(name: &str, section: ProviderSection) -> Result<OidcConfig, String> {
    let key = format!("providers.{name}");
    let usable = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(usable) {
        return Err(format!(
            "{key}: a provider's name is made of a-z, 0-9, - and _"
        ));
    }
    if name == DEMO {
        return Err(format!(
            "{key}: this name is taken by the provider of --demo"
        ));
    }
    let client_id = section
        .client_id
        .filter(|id| !id.is_empty())
        .ok_or(format!("{key}.client_id: set it"))?;
    let client_id = secret::unquoted(&format!("{key}.client_id"), &client_id)?;
    let (value, file) = (section.client_secret, section.client_secret_file);
    let secret = secret::read(&key, "client_secret", value, file)?
        .map(|secret| secret::unquoted(&format!("{key}.client_secret"), &secret))
        .transpose()?;
    let kind = section
        .kind
        .as_deref()
        .unwrap_or(if name == "google" { "google" } else { "oidc" });
    let mut config = match kind {
        "google" => {
            let secret = secret.ok_or(format!(
                "{key}.client_secret: set it, or client_secret_file; Google gives it with the \
                 client id"
            ))?;
            google(client_id, secret)
        }
        "oidc" => {
            let issuer = section.issuer.clone();
            let issuer = issuer.ok_or(format!("{key}.issuer: set it"))?;
            OidcConfig {
                client_secret: secret,
                ..OidcConfig::new(name, issuer, client_id)
            }
        }
        other => {
            return Err(format!(
                "{key}.kind: {other:?} is not one of \"google\", \"oidc\""
            ));
        }
    };
    name.clone_into(&mut config.id);
    if let Some(label) = section.label {
        config.label = label;
    }
    if let Some(issuer) = section.issuer {
        config.issuer = issuer;
    }
    if let Some(scopes) = section.scopes {
        if !scopes.iter().any(|scope| scope == "openid") {
            return Err(format!(
                "{key}.scopes: OpenID Connect needs \"openid\" among them"
            ));
        }
        config.scopes = scopes;
    }
    config.select_account = section.select_account;
    config.trust_email = section.trust_email;
    config.client_auth = match section.client_auth.as_deref() {
        None => None,
        Some("basic") => Some(ClientAuth::Basic),
        Some("post") => Some(ClientAuth::Post),
        Some(other) => {
            return Err(format!(
                "{key}.client_auth: {other:?} is not one of \"basic\", \"post\""
            ));
        }
    };
    config.timeout = section.timeout.map(|Written(timeout)| timeout);
    // The same checks as at start, so that `config check` knows of them.
    let http = latchkey_identity::HttpClient::new().map_err(|error| error.to_string())?;
    latchkey_identity::OidcProvider::new(config.clone(), http)
        .map_err(|error| format!("{key}: {error}"))?;
    Ok(config)
}
