//! Who may come in and who is an administrator, by what which provider says of a person.
//!
//! Every rule about it is here, and everybody asks here: at a sign-in, at a refresh, at the
//! administrators' API. An address gives a right only if the provider that vouches for it may: any
//! provider can be made to claim any address.

use core::fmt;

use crate::user::{ADMIN, Identity, Profile, User};

/// What the provider said of a person at the latest sign-in, as far as it decides anything.
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

/// A configured provider, and for which addresses its word counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its configured name.
    pub provider: String,
    /// Its issuer identifier: whom an account is from.
    pub issuer: String,
    /// Whether it is Google, or speaks like it: it verifies any address once, but says with `hd`
    /// whose organisation an account belongs to today.
    pub google: bool,
    /// Where an entry names no provider.
    pub word: Word,
}

/// For which addresses the word of a provider counts where an entry does not name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// For all: it is the only provider.
    Any,
    /// For addresses at these domains.
    Domains(Vec<String>),
    /// For what Google itself vouches for: its own domains, and those of organisations by `hd`.
    Googles,
}

/// An entry of a list of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The provider whose word is meant; `None`: any whose word counts for the domain.
    pub provider: Option<String>,
    /// What is listed.
    pub listed: Listed,
}

/// What an entry lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// A whole verified address, compared without regard to ASCII case.
    Email(String),
    /// A domain, compared whole: `example.com` does not admit `sub.example.com`.
    Domain(String),
}

/// Who has the role `admin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admin {
    /// Everybody with this address, if the provider may vouch for it.
    Entry(Entry),
    /// This very account at its provider.
    Account(Identity),
}

/// The rule of admission.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Admission {
    /// Everybody for whom a configured provider vouches.
    #[default]
    Open,
    /// Who is listed.
    AllowList(Vec<Entry>),
}

/// The rights that the configuration gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// The configured providers.
    pub sources: Vec<Source>,
    /// Who may come in.
    pub admission: Admission,
    /// Who has the role `admin`.
    pub admins: Vec<Admin>,
}

impl Rights {
    /// Whether a person may come in, and go on.
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

    /// The roles of a person who may come in.
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

    /// The configured providers of this person's issuer.
    fn sources_of(&self, person: &Person<'_>) -> impl Iterator<Item = &Source> {
        let issuer = person.identity.issuer.as_str();
        self.sources.iter().filter(move |it| it.issuer == issuer)
    }
}

impl Source {
    /// Whether this provider says of a person what an entry lists, and its word counts for that.
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
                // Google says `email_verified` of an address that was somebody's when the account
                // was made; that they still belong there only `hd` says.
                Listed::Domain(domain) if self.google && !is_googles_own(domain) => {
                    person.is_of(domain)
                }
                listed => person.is_named_by(listed),
            }
    }
}

impl Person<'_> {
    /// Whether the verified address is listed, regardless of which provider vouches for it.
    fn is_named_by(&self, listed: &Listed) -> bool {
        self.verified_email().is_some_and(|email| match listed {
            Listed::Email(listed) => listed.eq_ignore_ascii_case(email),
            Listed::Domain(listed) => listed.eq_ignore_ascii_case(domain_of(email)),
        })
    }

    /// Whether the account belongs to the organisation of this domain.
    fn is_of(&self, domain: &str) -> bool {
        self.hosted_domain
            .is_some_and(|hosted| hosted.eq_ignore_ascii_case(domain))
    }
}

impl Listed {
    /// The domain that it is about.
    pub fn domain(&self) -> &str {
        match self {
            Self::Email(email) => domain_of(email),
            Self::Domain(domain) => domain,
        }
    }
}

/// What follows the last `@`; nothing in a text without one.
fn domain_of(email: &str) -> &str {
    email.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// The domains whose addresses Google itself gives out; their accounts have no `hd`.
pub const GOOGLES_OWN: [&str; 2] = ["gmail.com", "googlemail.com"];

fn is_googles_own(domain: &str) -> bool {
    GOOGLES_OWN.iter().any(|it| it.eq_ignore_ascii_case(domain))
}

/// Why somebody is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAdmitted {
    /// The address is verified, but not on the list.
    Unlisted,
    /// The address is on the list, but the word of this provider does not count for it.
    NotVouchedFor,
    /// The provider did not say that the address is verified, so the list says nothing about it.
    Unverified,
    /// The provider gave no address.
    NoAddress,
    /// The provider of the account is not configured any more.
    ProviderRemoved,
    /// The application in which Latchkey is embedded refused the user.
    Application,
}

impl NotAdmitted {
    /// What the operator should know.
    pub const fn cause(self) -> &'static str {
        match self {
            Self::Unlisted => "the address is not on the allow-list",
            Self::NotVouchedFor => {
                "the address is on the allow-list, but this provider's word does not count for it: \
                 see email_domains, and for Google hd"
            }
            Self::Unverified => "the provider does not say that the address was verified",
            Self::NoAddress => "the provider gave no address",
            Self::ProviderRemoved => "the provider of this account is not configured any more",
            Self::Application => "the application refused the user",
        }
    }
}

/// For the person. It does not tell what is on the list.
impl fmt::Display for NotAdmitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unlisted | Self::NotVouchedFor | Self::Application => {
                "this account is not admitted here; ask whoever runs this server"
            }
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
