//! `[providers.NAME]`: the providers that users sign in with. The keys are in
//! `provider_section`; what each kind needs is in `provider_kind`.

use std::collections::BTreeMap;

use latchkey_core::rights::{Admission, EmailPattern, Entry, GOOGLE_DOMAINS};
use latchkey_core::user::LOCAL;
use latchkey_identity::{ClientAuth, Kind, ProviderConfig, StepUp};
use latchkey_types::paths;
use secrecy::{ExposeSecret as _, SecretString};

use super::config_errors::ConfigErrors;
use super::duration::HumanDuration;
use super::provider_kind::ProviderKind;
use super::provider_section::ProviderSection;
use super::secret;

/// The name of the built-in demo provider, which is reserved.
pub(super) const DEMO: &str = "demo";

/// Validates all sections. Google comes first, then the others by name.
pub(super) fn check(
    sections: BTreeMap<String, ProviderSection>,
    errors: &mut ConfigErrors,
) -> Vec<ProviderConfig> {
    let mut providers = Vec::new();
    for (name, section) in sections {
        let provider = errors.record(check_section(&name, section));
        providers.extend(provider);
    }
    providers.sort_by_key(|provider: &ProviderConfig| provider.id != "google");
    check_equal_trust(&providers, errors);
    providers
}

/// Sections with the same issuer must have the same `trust_email`. An identity consists of
/// issuer and subject, so it does not show which of the sections it came from.
fn check_equal_trust(providers: &[ProviderConfig], errors: &mut ConfigErrors) {
    for (index, first) in providers.iter().enumerate() {
        let rest = providers.iter().skip(index + 1);
        for other in rest.filter(|other| other.issuer == first.issuer) {
            if first.trust_email != other.trust_email {
                errors.add(format!(
                    "providers.{}.trust_email: providers.{} has the same issuer, and therefore the \
                     same users, but a different value; use the same value in both",
                    other.id, first.id
                ));
            }
        }
    }
}

/// If only one organization is admitted, tells Google to offer only the accounts of that organization.
/// This is a convenience for users; the ID token decides.
pub(super) fn hint_domain(providers: &mut [ProviderConfig], admission: &Admission) {
    let Admission::AllowList(entries) = admission else {
        return;
    };
    let [
        Entry {
            provider: name,
            pattern: EmailPattern::Domain(domain),
        },
    ] = entries.as_slice()
    else {
        return;
    };
    // Accounts at these domains belong to no organization.
    if GOOGLE_DOMAINS
        .iter()
        .any(|own| own.eq_ignore_ascii_case(domain))
    {
        return;
    }
    for provider in providers {
        let applies = name.as_ref().is_none_or(|name| *name == provider.id);
        if applies && provider.kind == Kind::Google {
            provider.hosted_domain = Some(domain.clone());
        }
    }
}

/// Validates the redirect paths. Returns whether the only provider uses `/callback`. With several
/// providers, a response at that path could come from any of them.
pub(super) fn check_redirects(
    sections: &BTreeMap<String, ProviderSection>,
    errors: &mut ConfigErrors,
) -> bool {
    let mut bare = false;
    for (name, section) in sections {
        let own = paths::callback_of(name);
        match section.redirect.as_deref() {
            None => {}
            Some(path) if path == own => {}
            Some(paths::CALLBACK) if sections.len() == 1 => bare = true,
            Some(paths::CALLBACK) => errors.add(format!(
                "providers.{name}.redirect: \"{}\" is only allowed with a single provider, \
                 because with several, one could impersonate another; remove the key and register \
                 {{public_url}}{own} with this provider",
                paths::CALLBACK
            )),
            Some(_) => errors.add(format!(
                "providers.{name}.redirect: remove it to use \"{own}\", or set it to \"{}\" if \
                 this is the only provider",
                paths::CALLBACK
            )),
        }
    }
    bare
}

fn check_section(name: &str, mut section: ProviderSection) -> Result<ProviderConfig, String> {
    let key = format!("providers.{name}");
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(is_allowed) {
        return Err(format!(
            "{key}: invalid provider name; use only a-z, 0-9, - and _"
        ));
    }
    if name == DEMO {
        return Err(format!(
            "{key}: this name is reserved for the demo provider; choose another name"
        ));
    }
    if name == LOCAL {
        return Err(format!(
            "{key}: this name is reserved for local accounts; choose another name, or use the \
             section [local]"
        ));
    }
    let client_id = section
        .client_id
        .take()
        .filter(|id| !id.is_empty())
        .ok_or(format!("{key}.client_id: this key is required"))?;
    let client_id = secret::unquoted(&format!("{key}.client_id"), &client_id)?;
    let (value, file) = (
        section.client_secret.take(),
        section.client_secret_file.take(),
    );
    let secret = secret::read(&key, "client_secret", value, file)?
        .map(|secret| secret::unquoted(&format!("{key}.client_secret"), secret.expose_secret()))
        .transpose()?
        .map(SecretString::from);
    let kind = ProviderKind::of(name, &section)?;
    let mut config = kind.config(name, &section, client_id, secret)?;
    name.clone_into(&mut config.id);
    if let Some(label) = section.label {
        config.label = label;
    }
    if let Some(scopes) = section.scopes {
        if config.kind != Kind::GitHub && !scopes.iter().any(|scope| scope == "openid") {
            return Err(format!(
                "{key}.scopes: \"openid\" is missing, which OpenID Connect requires"
            ));
        }
        config.scopes = scopes;
    }
    config.select_account = section.select_account;
    config.trust_email = section.trust_email;
    config.step_up = match section.step_up.as_deref() {
        None => None,
        Some("auth_time") => Some(StepUp::AuthTime),
        Some("sign_in_again") => Some(StepUp::SignInAgain),
        Some(other) => {
            return Err(format!(
                "{key}.step_up: {other:?} is not one of \"auth_time\", \"sign_in_again\""
            ));
        }
    };
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
    config.timeout = section.timeout.map(|HumanDuration(timeout)| timeout);
    // The same checks as at startup, so that `config check` reports their errors.
    let http = latchkey_identity::HttpClient::new().map_err(|error| error.to_string())?;
    latchkey_identity::connect(config.clone(), http).map_err(|error| format!("{key}: {error}"))?;
    Ok(config)
}
