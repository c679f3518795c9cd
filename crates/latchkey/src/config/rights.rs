//! Whose word counts for whom: `admins`, the lists of `[admission]` and each provider's
//! `email_domains` become [`Rights`]. Nothing is decided here.

use std::collections::BTreeMap;

use latchkey_core::Identity;
use latchkey_core::rights::{Admin, Admission, Entry, GOOGLES_OWN, Listed, Rights, Source, Word};
use latchkey_identity::OidcConfig;
use serde::Deserialize;

use super::mistakes::Mistakes;
use super::providers::{DEMO, ProviderSection};

/// Google's issuer, whatever the section is called.
const GOOGLE: &str = "https://accounts.google.com";

/// An entry of `admins`.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "write an address with its provider, such as \"google:ada@example.com\", or \
                 { issuer = \"…\", subject = \"…\" }"
)]
pub(super) enum AdminEntry {
    /// `provider:address`, or an address alone.
    Address(String),
    /// An account by what its provider calls it.
    Account(Account),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Account {
    issuer: String,
    subject: String,
}

/// The configured providers by name.
pub(super) struct Words(BTreeMap<String, Vouching>);

struct Vouching {
    google: bool,
    word: Word,
}

/// What a list is made of.
#[derive(Clone, Copy)]
pub(super) enum Lists {
    Emails,
    Domains,
}

impl Words {
    pub(super) fn of(
        sections: &BTreeMap<String, ProviderSection>,
        mistakes: &mut Mistakes,
    ) -> Self {
        let only = sections.len() == 1;
        let words = sections.iter().map(|(name, section)| {
            let google = is_google(name, section);
            let word = match &section.email_domains {
                Some(domains) => Word::Domains(checked(name, domains, mistakes)),
                None if only => Word::Any,
                // Another issuer that speaks like Google has not its word.
                None if google && is_googles_issuer(section) => Word::Googles,
                None => Word::Domains(Vec::new()),
            };
            (name.clone(), Vouching { google, word })
        });
        Self(words.collect())
    }

    /// Whether some provider is meant by an entry that names none.
    fn any_covers(&self, domain: &str) -> bool {
        let covers = |word: &Word| match word {
            Word::Any => true,
            Word::Domains(domains) => domains.iter().any(|it| it.eq_ignore_ascii_case(domain)),
            Word::Googles => GOOGLES_OWN.iter().any(|it| it.eq_ignore_ascii_case(domain)),
        };
        // Without a provider the demo provider may be turned on at the command line.
        self.0.is_empty() || self.0.values().any(|vouching| covers(&vouching.word))
    }

    /// How to write an entry with its provider.
    fn with_providers(&self, entry: &str) -> String {
        let forms = self.0.keys().map(|name| format!("\"{name}:{entry}\""));
        forms.collect::<Vec<_>>().join(" or ")
    }
}

/// The rights that all of it gives; the demo provider is added where its issuer is known.
pub(super) fn rights(
    admins: Vec<AdminEntry>,
    admission: Admission,
    providers: &[OidcConfig],
    words: &Words,
    mistakes: &mut Mistakes,
) -> Rights {
    let sources = providers.iter().filter_map(|provider| {
        let Vouching { google, word } = words.0.get(&provider.id)?;
        Some(Source {
            provider: provider.id.clone(),
            issuer: provider.issuer.clone(),
            google: *google,
            word: word.clone(),
        })
    });
    let admins = admins.into_iter().filter_map(|admin| {
        mistakes.take(match admin {
            AdminEntry::Address(text) => administrator(&text, words).map(Admin::Entry),
            AdminEntry::Account(Account { issuer, subject }) => {
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
        sources: sources.collect(),
        admission,
    }
}

fn checked(name: &str, written: &[String], mistakes: &mut Mistakes) -> Vec<String> {
    let checked = written.iter().filter_map(|written| {
        let written = written.trim();
        let good = domain(written)
            .map_err(|wrong| format!("providers.{name}.email_domains: {written:?} {wrong}"));
        mistakes.take(good.map(|()| written.to_owned()))
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

/// Whether the issuer is Google's, as it is without the key for those who are [`is_google`].
fn is_googles_issuer(section: &ProviderSection) -> bool {
    section.issuer.as_deref().is_none_or(|it| it == GOOGLE)
}

/// An administrator's address needs its provider as soon as there are several: each of them can
/// claim it.
fn administrator(text: &str, words: &Words) -> Result<Entry, String> {
    let text = text.trim();
    if !text.contains(':') && email(text).is_ok() && words.0.len() > 1 {
        return Err(format!(
            "admins: {text:?} does not say which provider's word counts for it, and several are \
             configured; write {}, or {{ issuer = \"…\", subject = \"…\" }}",
            words.with_providers(text)
        ));
    }
    entry("admins", text, Lists::Emails, words)
}

/// The entries of a list, each checked; the blanks around them mean nothing.
pub(super) fn entries(
    key: &str,
    written: Vec<String>,
    lists: Lists,
    words: &Words,
    mistakes: &mut Mistakes,
) -> Vec<Entry> {
    let checked = written
        .into_iter()
        .filter_map(|text| mistakes.take(entry(key, &text, lists, words)));
    checked.collect()
}

fn entry(key: &str, text: &str, lists: Lists, words: &Words) -> Result<Entry, String> {
    let text = text.trim();
    let (provider, rest) = match text.split_once(':') {
        Some((provider, rest)) => (Some(provider.trim()), rest.trim()),
        None => (None, text),
    };
    if let Some(provider) = provider
        && provider != DEMO
        && !words.0.contains_key(provider)
    {
        let known: Vec<_> = words.0.keys().map(String::as_str).collect();
        return Err(format!(
            "{key}: {text:?} names a provider that is not configured; configured are: {}",
            known.join(", ")
        ));
    }
    let listed = match lists {
        Lists::Emails => email(rest).map(|()| Listed::Email(rest.to_owned())),
        Lists::Domains => domain(rest).map(|()| Listed::Domain(rest.to_owned())),
    };
    let listed = listed.map_err(|wrong| format!("{key}: {text:?} {wrong}"))?;
    if provider.is_none() && !words.any_covers(listed.domain()) {
        let at = listed.domain();
        return Err(format!(
            "{key}: {text:?} is for no provider: the word of none counts for addresses at {at} where \
             it is not named; write {}, or email_domains = [{at:?}] in the section of the provider \
             that may vouch for them",
            words.with_providers(text)
        ));
    }
    Ok(Entry {
        provider: provider.map(str::to_owned),
        listed,
    })
}

/// Whether this is one whole address.
fn email(entry: &str) -> Result<(), String> {
    const HOW: &str = "write one whole address, such as \"ada@example.com\"";
    match entry.rsplit_once('@') {
        Some(("" | "*", host)) => Err(format!(
            "is not an email address; to admit a whole domain write domains = [{host:?}]"
        )),
        Some((name, host)) if !name.contains(['@', '*', ' ']) && domain(host).is_ok() => Ok(()),
        _ => Err(format!("is not an email address; {HOW}")),
    }
}

/// Whether this is the name of a domain, in the form that email addresses have.
fn domain(entry: &str) -> Result<(), String> {
    let bare = entry.trim_start_matches(['*', '@', '.']);
    let labels = |name: &str| {
        name.split('.').all(|label| {
            let usable = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
            !label.is_empty() && label.chars().all(usable)
        })
    };
    if labels(entry) {
        Ok(())
    } else if labels(bare) {
        Err(format!(
            "is not a domain; write {bare:?}, and each subdomain as an entry of its own"
        ))
    } else {
        Err("is not a domain; write the part after the @, such as \"example.com\"".into())
    }
}
