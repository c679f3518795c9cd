//! `[admission]`: who may sign in.

use latchkey_core::rights::Admission;
use serde::Deserialize;

use super::config_errors::ConfigErrors;
use super::rights::{self, EmailAuthorities, EntryKind};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a section")]
pub(super) struct AdmissionSection {
    mode: Option<String>,
    #[serde(default)]
    emails: Vec<String>,
    #[serde(default)]
    domains: Vec<String>,
}

impl AdmissionSection {
    pub(super) fn check(
        self,
        authorities: &EmailAuthorities,
        errors: &mut ConfigErrors,
    ) -> Option<Admission> {
        let Self {
            mode,
            emails,
            domains,
        } = self;
        let has_lists = !(emails.is_empty() && domains.is_empty());
        match mode.as_deref() {
            None | Some("open") if has_lists => {
                errors.add(
                    "admission.mode: emails or domains are listed, but the mode is \"open\"; set \
                     mode = \"allow-list\", or remove the lists",
                );
                None
            }
            None | Some("open") => Some(Admission::Open),
            Some("allow-list") if !has_lists => {
                errors.add("admission: the allow-list is empty, so nobody could sign in");
                None
            }
            Some("allow-list") => {
                let emails = rights::entries(
                    "admission.emails",
                    emails,
                    EntryKind::Email,
                    authorities,
                    errors,
                );
                let domains = rights::entries(
                    "admission.domains",
                    domains,
                    EntryKind::Domain,
                    authorities,
                    errors,
                );
                Some(Admission::AllowList([emails, domains].concat()))
            }
            Some(other) => {
                errors.add(format!(
                    "admission.mode: {other:?} is not one of \"open\", \"allow-list\""
                ));
                None
            }
        }
    }
}
