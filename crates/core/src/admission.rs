//! Who may sign in at all, and go on.

use core::fmt;

use crate::user::{Profile, User};

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
    pub fn admits(&self, profile: &Profile) -> Result<(), NotAdmitted> {
        self.check(profile.email.as_deref(), profile.email_verified)
    }

    /// Whether this account may go on, by what its provider said at the latest sign-in: the same
    /// rule, asked again.
    pub fn still_admits(&self, user: &User) -> Result<(), NotAdmitted> {
        self.check(user.email.as_deref(), user.email_verified)
    }

    fn check(&self, email: Option<&str>, verified: bool) -> Result<(), NotAdmitted> {
        let Self::AllowList { emails, domains } = self else {
            return Ok(());
        };
        let email = email.ok_or(NotAdmitted::NoAddress)?;
        if !verified {
            return Err(NotAdmitted::Unverified);
        }
        let is = |listed: &String| listed.eq_ignore_ascii_case(email);
        let is_in = |listed: &String| {
            email
                .rsplit_once('@')
                .is_some_and(|(_, domain)| listed.eq_ignore_ascii_case(domain))
        };
        if emails.iter().any(is) || domains.iter().any(is_in) {
            Ok(())
        } else {
            Err(NotAdmitted::Unlisted)
        }
    }
}

/// Why somebody is not admitted: for the log, and for the sentence beside the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAdmitted {
    /// The address is verified, but not on the list.
    Unlisted,
    /// The provider did not say that the address is verified, so the list says nothing about it.
    Unverified,
    /// The provider gave no address.
    NoAddress,
    /// The provider of the account is not configured any more.
    ProviderRemoved,
}

impl fmt::Display for NotAdmitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unlisted => "this account is not admitted here; ask whoever runs this server",
            Self::Unverified => {
                "the provider does not say that it verified the email address of this account, so \
                 it is not admitted here; ask whoever runs this server"
            }
            Self::NoAddress => {
                "the provider gave no email address for this account, so it is not admitted here; \
                 ask whoever runs this server"
            }
            Self::ProviderRemoved => {
                "the provider of this account is not offered here any more; sign in another way"
            }
        })
    }
}

impl core::error::Error for NotAdmitted {}

#[cfg(test)]
mod tests;
