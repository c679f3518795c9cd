//! Converts `admins`, the lists of `[admission]` and the `email_domains` of the providers to
//! [`Rights`]. `latchkey_core::rights` decides what they permit.

use std::collections::BTreeMap;

use latchkey_core::Identity;
use latchkey_core::rights::{
    Admin, Admission, ConfiguredProvider, EmailPattern, Entry, GOOGLE_DOMAINS, Rights,
    TrustedEmails,
};
use latchkey_identity::ProviderConfig;
use serde::Deserialize;

use super::config_errors::ConfigErrors;
use super::provider_section::ProviderSection;
use super::providers::DEMO;

/// Google's issuer, regardless of the name of its section.
const GOOGLE: &str = "https://accounts.google.com";

/// An entry of `admins`.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "use an address with its provider, such as \"google:ada@example.com\", or \
                 { issuer = \"…\", subject = \"…\" }"
)]
pub(super) enum AdminEntry {
    /// `provider:address`, or only an address.
    Address(String),
    /// An identity at a provider.
    Identity(IdentityEntry),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IdentityEntry {
    issuer: String,
    subject: String,
}

/// The configured providers by name, and the addresses that each may vouch for.
pub(super) struct EmailAuthorities(BTreeMap<String, EmailAuthority>);

struct EmailAuthority {
    google: bool,
    trusted_emails: TrustedEmails,
}

/// The kind of the entries in a list.
#[derive(Clone, Copy)]
pub(super) enum EntryKind {
    Email,
    Domain,
}

impl EmailAuthorities {
    pub(super) fn new(
        sections: &BTreeMap<String, ProviderSection>,
        errors: &mut ConfigErrors,
    ) -> Self {
        let only = sections.len() == 1;
        let authorities = sections.iter().map(|(name, section)| {
            let google = is_google(name, section);
            let trusted_emails = match &section.email_domains {
                Some(domains) => TrustedEmails::Domains(check_domains(name, domains, errors)),
                None if only => TrustedEmails::Any,
                // `kind = "google"` with another issuer is not trusted like Google.
                None if google && is_googles_issuer(section) => TrustedEmails::GoogleManaged,
                None => TrustedEmails::Domains(Vec::new()),
            };
            (
                name.clone(),
                EmailAuthority {
                    google,
                    trusted_emails,
                },
            )
        });
        Self(authorities.collect())
    }

    /// Whether any provider may vouch for addresses at this domain. An entry that names no provider
    /// requires this.
    fn any_covers(&self, domain: &str) -> bool {
        let covers = |trusted_emails: &TrustedEmails| match trusted_emails {
            TrustedEmails::Any => true,
            TrustedEmails::Domains(domains) => {
                domains.iter().any(|own| own.eq_ignore_ascii_case(domain))
            }
            TrustedEmails::GoogleManaged => GOOGLE_DOMAINS
                .iter()
                .any(|own| own.eq_ignore_ascii_case(domain)),
        };
        // If no provider is configured, the demo provider can still be enabled on the command line.
        self.0.is_empty()
            || self
                .0
                .values()
                .any(|authority| covers(&authority.trusted_emails))
    }

    /// The entry prefixed with each provider in turn, as suggestions in an error message.
    fn with_providers(&self, entry: &str) -> String {
        let forms = self.0.keys().map(|name| format!("\"{name}:{entry}\""));
        forms.collect::<Vec<_>>().join(" or ")
    }
}

/// The configured rights. The demo provider is added later, when its issuer is known.
pub(super) fn rights(
    admins: Vec<AdminEntry>,
    admission: Admission,
    providers: &[ProviderConfig],
    authorities: &EmailAuthorities,
    errors: &mut ConfigErrors,
) -> Rights {
    let configured = providers.iter().filter_map(|provider| {
        let EmailAuthority {
            google,
            trusted_emails,
        } = authorities.0.get(&provider.id)?;
        Some(ConfiguredProvider {
            provider: provider.id.clone(),
            issuer: provider.issuer.clone(),
            google: *google,
            trusted_emails: trusted_emails.clone(),
        })
    });
    let admins = admins.into_iter().filter_map(|admin| {
        errors.record(match admin {
            AdminEntry::Address(text) => administrator(&text, authorities).map(Admin::Entry),
            AdminEntry::Identity(IdentityEntry { issuer, subject }) => {
                if issuer.trim().is_empty() || subject.trim().is_empty() {
                    Err("admins: issuer and subject must not be empty".to_owned())
                } else {
                    Ok(Admin::Account(Identity { issuer, subject }))
                }
            }
        })
    });
    Rights {
        admins: admins.collect(),
        providers: configured.collect(),
        admission,
    }
}

fn check_domains(name: &str, domains: &[String], errors: &mut ConfigErrors) -> Vec<String> {
    let checked = domains.iter().filter_map(|text| {
        let text = text.trim();
        let result = check_domain(text)
            .map_err(|error| format!("providers.{name}.email_domains: {text:?} {error}"));
        errors.record(result.map(|()| text.to_owned()))
    });
    checked.collect()
}

fn is_google(name: &str, section: &ProviderSection) -> bool {
    match section.kind.as_deref() {
        Some("google") => true,
        None if name == "google" => true,
        _ => section.issuer.as_deref() == Some(GOOGLE),
    }
}

/// Whether the issuer of a section for Google is Google's, which is the default.
fn is_googles_issuer(section: &ProviderSection) -> bool {
    section
        .issuer
        .as_deref()
        .is_none_or(|issuer| issuer == GOOGLE)
}

/// Validates an address in `admins`. With several providers, it must name one, because each of them
/// could claim the address.
fn administrator(text: &str, authorities: &EmailAuthorities) -> Result<Entry, String> {
    let text = text.trim();
    if !text.contains(':') && check_email(text).is_ok() && authorities.0.len() > 1 {
        return Err(format!(
            "admins: {text:?} does not specify a provider, but several are configured; use {}, or \
             {{ issuer = \"…\", subject = \"…\" }}",
            authorities.with_providers(text)
        ));
    }
    entry("admins", text, EntryKind::Email, authorities)
}

/// Validates the entries of a list. Whitespace around them is ignored.
pub(super) fn entries(
    key: &str,
    texts: Vec<String>,
    kind: EntryKind,
    authorities: &EmailAuthorities,
    errors: &mut ConfigErrors,
) -> Vec<Entry> {
    let checked = texts
        .into_iter()
        .filter_map(|text| errors.record(entry(key, &text, kind, authorities)));
    checked.collect()
}

fn entry(
    key: &str,
    text: &str,
    kind: EntryKind,
    authorities: &EmailAuthorities,
) -> Result<Entry, String> {
    let text = text.trim();
    let (provider, rest) = match text.split_once(':') {
        Some((provider, rest)) => (Some(provider.trim()), rest.trim()),
        None => (None, text),
    };
    if let Some(provider) = provider
        && provider != DEMO
        && !authorities.0.contains_key(provider)
    {
        let known: Vec<_> = authorities.0.keys().map(String::as_str).collect();
        let known = if known.is_empty() {
            "no provider is configured".to_owned()
        } else {
            format!("configured providers: {}", known.join(", "))
        };
        return Err(format!(
            "{key}: {text:?} names an unknown provider; {known}"
        ));
    }
    let pattern = match kind {
        EntryKind::Email => check_email(rest).map(|()| EmailPattern::Email(rest.to_owned())),
        EntryKind::Domain => check_domain(rest).map(|()| EmailPattern::Domain(rest.to_owned())),
    };
    let pattern = pattern.map_err(|error| format!("{key}: {text:?} {error}"))?;
    if provider.is_none() && !authorities.any_covers(pattern.domain()) {
        let domain = pattern.domain();
        return Err(format!(
            "{key}: {text:?} matches no provider, because none is trusted for addresses at {domain}; \
             use {}, or set email_domains = [{domain:?}] in the section of a provider that may vouch \
             for them",
            authorities.with_providers(text)
        ));
    }
    Ok(Entry {
        provider: provider.map(str::to_owned),
        pattern,
    })
}

/// Checks that this is a complete email address.
fn check_email(entry: &str) -> Result<(), String> {
    match entry.rsplit_once('@') {
        Some(("" | "*", host)) => Err(format!(
            "is not an email address; to admit a whole domain, use domains = [{host:?}]"
        )),
        Some((name, host)) if !name.contains(['@', '*', ' ']) && check_domain(host).is_ok() => {
            Ok(())
        }
        _ => Err(
            "is not an email address; use a complete address, such as \"ada@example.com\"".into(),
        ),
    }
}

/// Checks that this is a domain name, as in an email address.
fn check_domain(entry: &str) -> Result<(), String> {
    let bare = entry.trim_start_matches(['*', '@', '.']);
    let is_domain = |name: &str| {
        name.split('.').all(|label| {
            let is_allowed = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
            !label.is_empty() && label.chars().all(is_allowed)
        })
    };
    if is_domain(entry) {
        Ok(())
    } else if is_domain(bare) {
        Err(format!(
            "is not a domain; use {bare:?}, and a separate entry for each subdomain"
        ))
    } else {
        Err("is not a domain; use the part after the @, such as \"example.com\"".into())
    }
}
