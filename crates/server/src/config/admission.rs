//! `[admission]`

use latchkey_core::Admission;
use serde::Deserialize;

use super::mistakes::Mistakes;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdmissionSection {
    mode: Option<String>,
    #[serde(default)]
    emails: Vec<String>,
    #[serde(default)]
    domains: Vec<String>,
}

impl AdmissionSection {
    pub(super) fn check(self, mistakes: &mut Mistakes) -> Option<Admission> {
        let Self {
            mode,
            emails,
            domains,
        } = self;
        let lists = !(emails.is_empty() && domains.is_empty());
        match mode.as_deref() {
            None | Some("open") if lists => {
                mistakes.add(
                    "admission.mode: emails or domains are listed but everyone is admitted; \
                     write mode = \"allow-list\", or remove the lists",
                );
                None
            }
            None | Some("open") => Some(Admission::Open),
            Some("allow-list") if !lists => {
                mistakes.add("admission: the allow-list is empty, nobody could sign in");
                None
            }
            Some("allow-list") => Some(Admission::AllowList {
                emails: entries("admission.emails", emails, email, mistakes),
                domains: entries("admission.domains", domains, domain, mistakes),
            }),
            Some(other) => {
                mistakes.add(format!(
                    "admission.mode: {other:?} is none of: \"open\", \"allow-list\""
                ));
                None
            }
        }
    }
}

/// The entries of a list, each checked; the blanks around them mean nothing.
pub(super) fn entries(
    key: &str,
    entries: Vec<String>,
    check: impl Fn(&str) -> Result<(), String>,
    mistakes: &mut Mistakes,
) -> Vec<String> {
    let checked = entries.into_iter().filter_map(|entry| {
        let entry = entry.trim();
        mistakes.take(match check(entry) {
            Ok(()) => Ok(entry.to_owned()),
            Err(wrong) => Err(format!("{key}: {entry:?} {wrong}")),
        })
    });
    checked.collect()
}

/// Whether this is one whole address.
pub(super) fn email(entry: &str) -> Result<(), String> {
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
        Err("is not a domain; write it as it stands behind the @, such as \"example.com\"".into())
    }
}
