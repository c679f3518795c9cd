//! `[admission]`

use latchkey_core::rights::Admission;
use serde::Deserialize;

use super::mistakes::Mistakes;
use super::rights::{self, Lists, Words};

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
    pub(super) fn check(self, words: &Words, mistakes: &mut Mistakes) -> Option<Admission> {
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
            Some("allow-list") => {
                let emails =
                    rights::entries("admission.emails", emails, Lists::Emails, words, mistakes);
                let domains = rights::entries(
                    "admission.domains",
                    domains,
                    Lists::Domains,
                    words,
                    mistakes,
                );
                Some(Admission::AllowList([emails, domains].concat()))
            }
            Some(other) => {
                mistakes.add(format!(
                    "admission.mode: {other:?} is not one of \"open\", \"allow-list\""
                ));
                None
            }
        }
    }
}
