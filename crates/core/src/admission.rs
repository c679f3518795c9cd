//! Who may sign in at all.

use crate::user::Profile;

/// The configured rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Admission {
    /// Whoever a provider vouches for.
    #[default]
    Open,
    /// Verified addresses that are listed, or whose domain is.
    AllowList {
        /// Whole addresses, compared without regard to ASCII case.
        emails: Vec<String>,
        /// Domains, compared whole: `example.com` does not admit `sub.example.com`.
        domains: Vec<String>,
    },
}

impl Admission {
    /// Whether this person may sign in.
    pub fn admits(&self, profile: &Profile) -> bool {
        match self {
            Self::Open => true,
            Self::AllowList { emails, domains } => profile.verified_email().is_some_and(|email| {
                emails
                    .iter()
                    .any(|listed| listed.eq_ignore_ascii_case(email))
                    || email.rsplit_once('@').is_some_and(|(_, domain)| {
                        domains
                            .iter()
                            .any(|listed| listed.eq_ignore_ascii_case(domain))
                    })
            }),
        }
    }
}

#[cfg(test)]
mod tests;
