//! Who may sign in and who is an administrator, based on the claims of the user's provider.
//!
//! Sign-in, refresh and the admin API all use these rules. An email address gives a right only if
//! the provider that asserts it is trusted for that address: any provider can be made to assert any
//! address.

use core::fmt;

use crate::user::{ADMIN, Identity, Profile, User};

/// The claims of the provider at the user's latest sign-in that a decision depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person<'a> {
    identity: &'a Identity,
    email: Option<&'a str>,
    email_verified: bool,
    hosted_domain: Option<&'a str>,
}

impl<'a> From<&'a Profile> for Person<'a> {
    fn from(profile: &'a Profile) -> Self {
        Self {
            identity: &profile.identity,
            email: profile.email.as_deref(),
            email_verified: profile.email_verified,
            hosted_domain: profile.hosted_domain.as_deref(),
        }
    }
}

impl<'a> From<&'a User> for Person<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            identity: &user.identity,
            email: user.email.as_deref(),
            email_verified: user.email_verified,
            hosted_domain: user.hosted_domain.as_deref(),
        }
    }
}

impl Person<'_> {
    fn verified_email(&self) -> Option<&str> {
        self.email.filter(|_| self.email_verified)
    }
}

/// A configured provider, and the email addresses it is trusted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its configured name.
    pub provider: String,
    /// Its issuer identifier, by which the provider of a user is found.
    pub issuer: String,
    /// Whether it is Google or follows Google's conventions: `email_verified` means that the
    /// address was verified once, and `hd` names the organisation that manages the account today.
    pub google: bool,
    /// The addresses it is trusted for by entries that name no provider.
    pub word: Word,
}

/// The email addresses that a provider is trusted for by entries that name no provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// All addresses: it is the only provider.
    Any,
    /// Addresses at these domains.
    Domains(Vec<String>),
    /// Addresses that Google manages: those at its own domains, and those at the domain in `hd`.
    Googles,
}

/// An entry of an allow-list or of the list of administrators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The provider that must assert the address; `None`: any provider that is trusted for its
    /// domain.
    pub provider: Option<String>,
    /// The addresses it matches.
    pub listed: Listed,
}

/// The addresses that an entry matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// One verified address, compared ASCII case-insensitively.
    Email(String),
    /// All verified addresses at this domain: `example.com` does not match `sub.example.com`.
    Domain(String),
}

/// Who has the role `admin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admin {
    /// Users whose address matches, asserted by a provider that is trusted for it.
    Entry(Entry),
    /// The user with this identity at this provider.
    Account(Identity),
}

/// Who may sign in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Admission {
    /// Every user of a configured provider.
    #[default]
    Open,
    /// Users that match an entry.
    AllowList(Vec<Entry>),
}

/// The configured rights.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// The configured providers.
    pub sources: Vec<Source>,
    /// Who may sign in.
    pub admission: Admission,
    /// Who has the role `admin`.
    pub admins: Vec<Admin>,
}

impl Rights {
    /// Whether a user may sign in and refresh.
    pub fn admit<'a>(&self, person: impl Into<Person<'a>>) -> Result<(), NotAdmitted> {
        let person = person.into();
        let mut sources = self.sources_of(&person).peekable();
        if sources.peek().is_none() {
            return Err(NotAdmitted::ProviderRemoved);
        }
        let Admission::AllowList(entries) = &self.admission else {
            return Ok(());
        };
        let mut refused = if person.email.is_none() {
            NotAdmitted::NoAddress
        } else if person.email_verified {
            NotAdmitted::Unlisted
        } else {
            NotAdmitted::Unverified
        };
        for source in sources {
            for entry in entries {
                if source.vouches(entry, &person) {
                    return Ok(());
                }
                if person.is_named_by(&entry.listed) {
                    refused = NotAdmitted::NotVouchedFor;
                }
            }
        }
        Err(refused)
    }

    /// The roles of a user; none if the user is not admitted.
    pub fn roles<'a>(&self, person: impl Into<Person<'a>>) -> Vec<String> {
        let person = person.into();
        let is_admin = self.admit(person).is_ok()
            && self.sources_of(&person).any(|source| {
                self.admins.iter().any(|admin| match admin {
                    Admin::Entry(entry) => source.vouches(entry, &person),
                    Admin::Account(identity) => identity == person.identity,
                })
            });
        if is_admin {
            vec![ADMIN.to_owned()]
        } else {
            Vec::new()
        }
    }

    /// The configured name of the provider with this issuer.
    pub fn provider_of(&self, issuer: &str) -> Option<&str> {
        let source = self.sources.iter().find(|it| it.issuer == issuer)?;
        Some(&source.provider)
    }

    /// The configured providers with the user's issuer.
    fn sources_of(&self, person: &Person<'_>) -> impl Iterator<Item = &Source> {
        let issuer = person.identity.issuer.as_str();
        self.sources.iter().filter(move |it| it.issuer == issuer)
    }
}

impl Source {
    /// Whether the user matches an entry, and this provider is trusted to say so.
    fn vouches(&self, entry: &Entry, person: &Person<'_>) -> bool {
        let domain = entry.listed.domain();
        let counts = match (&entry.provider, &self.word) {
            (Some(provider), _) => *provider == self.provider,
            (None, Word::Any) => true,
            (None, Word::Domains(domains)) => {
                domains.iter().any(|it| it.eq_ignore_ascii_case(domain))
            }
            (None, Word::Googles) => is_googles_own(domain) || person.is_of(domain),
        };
        counts
            && match &entry.listed {
                // Google sets `email_verified` if the address was verified when the account was
                // created. Only `hd` shows that the user still belongs to the organisation.
                Listed::Domain(domain) if self.google && !is_googles_own(domain) => {
                    person.is_of(domain)
                }
                listed => person.is_named_by(listed),
            }
    }
}

impl Person<'_> {
    /// Whether the verified address matches, whichever provider asserts it.
    fn is_named_by(&self, listed: &Listed) -> bool {
        self.verified_email().is_some_and(|email| match listed {
            Listed::Email(listed) => listed.eq_ignore_ascii_case(email),
            Listed::Domain(listed) => listed.eq_ignore_ascii_case(domain_of(email)),
        })
    }

    /// Whether the organisation of this domain manages the account.
    fn is_of(&self, domain: &str) -> bool {
        self.hosted_domain
            .is_some_and(|hosted| hosted.eq_ignore_ascii_case(domain))
    }
}

impl Listed {
    /// The domain of the matched addresses.
    pub fn domain(&self) -> &str {
        match self {
            Self::Email(email) => domain_of(email),
            Self::Domain(domain) => domain,
        }
    }
}

/// The part after the last `@`; empty without an `@`.
fn domain_of(email: &str) -> &str {
    email.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// The domains of Google's own consumer accounts, which have no `hd` claim.
pub const GOOGLES_OWN: [&str; 2] = ["gmail.com", "googlemail.com"];

fn is_googles_own(domain: &str) -> bool {
    GOOGLES_OWN.iter().any(|it| it.eq_ignore_ascii_case(domain))
}

/// Why a user is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAdmitted {
    /// The address is verified, but not on the list.
    Unlisted,
    /// The address is on the list, but this provider is not trusted for it.
    NotVouchedFor,
    /// The provider does not say that the address is verified, so it cannot match the list.
    Unverified,
    /// The provider gave no email address.
    NoAddress,
    /// The provider of the account is no longer configured.
    ProviderRemoved,
    /// The application that embeds Latchkey refused the user.
    Application,
}

impl NotAdmitted {
    /// The cause, for the operator.
    pub const fn cause(self) -> &'static str {
        match self {
            Self::Unlisted => "the address is not on the allow-list",
            Self::NotVouchedFor => {
                "the address is on the allow-list, but this provider is not trusted for it; see \
                 `email_domains` (for Google, the claim `hd`)"
            }
            Self::Unverified => "the provider does not say that the email address is verified",
            Self::NoAddress => "the provider gave no email address",
            Self::ProviderRemoved => "the provider of this account is no longer configured",
            Self::Application => "the application refused the user",
        }
    }
}

/// The message for the user. It does not reveal what is on the list.
impl fmt::Display for NotAdmitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unlisted | Self::NotVouchedFor | Self::Application => {
                "this account is not admitted here; contact the administrator of this server"
            }
            Self::Unverified => {
                "the provider does not say that it verified the email address of this account, so \
                 the account is not admitted here; contact the administrator of this server"
            }
            Self::NoAddress => {
                "the provider gave no email address for this account, so the account is not \
                 admitted here; contact the administrator of this server"
            }
            Self::ProviderRemoved => {
                "the provider of this account is no longer offered here; sign in another way"
            }
        })
    }
}

impl core::error::Error for NotAdmitted {}

#[cfg(test)]
mod tests;
