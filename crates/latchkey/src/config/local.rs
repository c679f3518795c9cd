//! `[local]`: local accounts, with a username and a password. The section enables them.

use latchkey_axum::SignUp;
use latchkey_core::rights::Admission;
use serde::Deserialize;

use super::config_errors::ConfigErrors;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a section")]
pub(super) struct LocalSection {
    sign_up: Option<String>,
}

impl LocalSection {
    /// Who may create an account. "open" contradicts an allow-list, which lists addresses that
    /// providers vouch for: nobody vouches for the address of a local account.
    pub(super) fn check(
        self,
        admission: Option<&Admission>,
        errors: &mut ConfigErrors,
    ) -> Option<SignUp> {
        let sign_up = match self.sign_up.as_deref() {
            None | Some("off") => SignUp::Off,
            Some("invite") => SignUp::Invite,
            Some("open") => SignUp::Open,
            Some(other) => {
                errors.add(format!(
                    "local.sign_up: {other:?} is not one of \"off\", \"invite\", \"open\""
                ));
                return None;
            }
        };
        if sign_up == SignUp::Open && matches!(admission, Some(Admission::AllowList(_))) {
            errors.add(
                "local.sign_up: \"open\" lets everyone create an account, but admission.mode is \
                 \"allow-list\"; set sign_up = \"invite\" or mode = \"open\"",
            );
            return None;
        }
        Some(sign_up)
    }
}
