//! Who may sign in and who is an administrator, based on the claims of the user's provider.
//!
//! Sign-in, refresh and the admin API all use these rules. An email address gives a right only if
//! the provider that asserts it is trusted for that address: any provider can be made to assert any
//! address.

use core::fmt;

use crate::user::{ADMIN, Identity, LOCAL, Profile, User};

/// The claims that a decision depends on, as the provider sent them at the user's latest sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderClaims<'a> {
    identity: &'a Identity,
    email: Option<&'a str>,
    email_verified: bool,
    hosted_domain: Option<&'a str>,
}

impl<'a> From<&'a Profile> for ProviderClaims<'a> {
    fn from(profile: &'a Profile) -> Self {
        Self {
            identity: &profile.identity,
            email: profile.email.as_deref(),
            email_verified: profile.email_verified,
            hosted_domain: profile.hosted_domain.as_deref(),
        }
    }
}

impl<'a> From<&'a User> for ProviderClaims<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            identity: &user.identity,
            email: user.email.as_deref(),
            email_verified: user.email_verified,
            hosted_domain: user.hosted_domain.as_deref(),
        }
    }
}

impl ProviderClaims<'_> {
    fn verified_email(&self) -> Option<&str> {
        self.email.filter(|_| self.email_verified)
    }
}

/// A configured provider, and the email addresses it is trusted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredProvider {
    /// Its configured name.
    pub provider: String,
    /// Its issuer identifier. A user belongs to the provider with the issuer of their identity.
    pub issuer: String,
    /// Whether it is Google or follows Google's conventions: `email_verified` means that the
    /// address was verified once, and `hd` names the organization that manages the account today.
    pub google: bool,
    /// The email addresses it is trusted to assert if an entry names no provider.
    pub trusted_emails: TrustedEmails,
}

/// The email addresses that a provider is trusted to assert if an entry names no provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustedEmails {
    /// All addresses; the default if no other provider is configured.
    Any,
    /// Addresses at these domains.
    Domains(Vec<String>),
    /// Addresses that Google manages: those at its own domains, and those at the domain in `hd`.
    GoogleManaged,
}

/// An entry of an allow-list or of the list of administrators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The provider that must assert the address; `None`: any provider that is trusted for its
    /// domain.
    pub provider: Option<String>,
    /// The addresses it matches.
    pub pattern: EmailPattern,
}

/// The addresses that an entry matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmailPattern {
    /// One verified address, compared ASCII case-insensitively.
    Email(String),
    /// All verified addresses at this domain; `example.com` does not match `sub.example.com`. If
    /// the provider has [`google`](ConfiguredProvider::google) and the domain is not one of Google's
    /// own, the entry instead matches all accounts whose `hd` claim is this domain, whatever their
    /// address.
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
    /// Users that match an entry, and all users of local accounts.
    AllowList(Vec<Entry>),
}

/// The configured rights.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// The configured providers.
    pub providers: Vec<ConfiguredProvider>,
    /// Who may sign in.
    pub admission: Admission,
    /// Who has the role `admin`.
    pub admins: Vec<Admin>,
}

impl Rights {
    /// Whether a user may sign in and refresh.
    pub fn admit<'a>(&self, claims: impl Into<ProviderClaims<'a>>) -> Result<(), NotAdmitted> {
        let claims = claims.into();
        let mut providers = self.providers_of(&claims).peekable();
        if providers.peek().is_none() {
            return Err(NotAdmitted::ProviderRemoved);
        }
        let Admission::AllowList(entries) = &self.admission else {
            return Ok(());
        };
        // Nobody vouches for the address of a local account. Whether it may exist was decided when
        // it was created.
        if claims.identity.issuer == LOCAL {
            return Ok(());
        }
        let mut refused = if claims.email.is_none() {
            NotAdmitted::NoAddress
        } else if claims.email_verified {
            NotAdmitted::Unlisted
        } else {
            NotAdmitted::Unverified
        };
        for provider in providers {
            for entry in entries {
                if provider.matches(entry, &claims) {
                    return Ok(());
                }
                if claims.matches_email(&entry.pattern) {
                    refused = NotAdmitted::ProviderNotTrusted;
                }
            }
        }
        Err(refused)
    }

    /// The roles of a user; none if the user is not admitted.
    pub fn roles<'a>(&self, claims: impl Into<ProviderClaims<'a>>) -> Vec<String> {
        let claims = claims.into();
        let is_admin = self.admit(claims).is_ok()
            && self.providers_of(&claims).any(|provider| {
                self.admins.iter().any(|admin| match admin {
                    Admin::Entry(entry) => provider.matches(entry, &claims),
                    Admin::Account(identity) => identity == claims.identity,
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
        let provider = self.providers.iter().find(|it| it.issuer == issuer)?;
        Some(&provider.provider)
    }

    /// The configured providers with the user's issuer.
    fn providers_of(
        &self,
        claims: &ProviderClaims<'_>,
    ) -> impl Iterator<Item = &ConfiguredProvider> {
        let issuer = claims.identity.issuer.as_str();
        self.providers.iter().filter(move |it| it.issuer == issuer)
    }
}

impl ConfiguredProvider {
    /// Whether the user matches an entry, and this provider is trusted to say so.
    fn matches(&self, entry: &Entry, claims: &ProviderClaims<'_>) -> bool {
        let domain = entry.pattern.domain();
        let trusted = match (&entry.provider, &self.trusted_emails) {
            (Some(provider), _) => *provider == self.provider,
            (None, TrustedEmails::Any) => true,
            (None, TrustedEmails::Domains(domains)) => {
                domains.iter().any(|it| it.eq_ignore_ascii_case(domain))
            }
            (None, TrustedEmails::GoogleManaged) => {
                is_google_domain(domain) || claims.is_managed_by(domain)
            }
        };
        trusted
            && match &entry.pattern {
                // Google sets `email_verified` if the address was verified when the account was
                // created. Only `hd` shows that the user still belongs to the organization.
                EmailPattern::Domain(domain) if self.google && !is_google_domain(domain) => {
                    claims.is_managed_by(domain)
                }
                pattern => claims.matches_email(pattern),
            }
    }
}

impl ProviderClaims<'_> {
    /// Whether the verified address matches, whichever provider asserts it.
    fn matches_email(&self, pattern: &EmailPattern) -> bool {
        self.verified_email().is_some_and(|email| match pattern {
            EmailPattern::Email(pattern) => pattern.eq_ignore_ascii_case(email),
            EmailPattern::Domain(pattern) => pattern.eq_ignore_ascii_case(domain_of(email)),
        })
    }

    /// Whether the organization of this domain manages the account.
    fn is_managed_by(&self, domain: &str) -> bool {
        self.hosted_domain
            .is_some_and(|hosted| hosted.eq_ignore_ascii_case(domain))
    }
}

impl EmailPattern {
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
pub const GOOGLE_DOMAINS: [&str; 2] = ["gmail.com", "googlemail.com"];

fn is_google_domain(domain: &str) -> bool {
    GOOGLE_DOMAINS
        .iter()
        .any(|it| it.eq_ignore_ascii_case(domain))
}

/// Why a user is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAdmitted {
    /// The address is verified, but not on the list.
    Unlisted,
    /// The address is on the list, but this provider is not trusted for it.
    ProviderNotTrusted,
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
            Self::ProviderNotTrusted => {
                "the address is on the allow-list, but this provider is not trusted for it; name \
                 the provider in the entry, or set its `email_domains` (Google: the claim `hd` \
                 must be the domain)"
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
            Self::Unlisted | Self::ProviderNotTrusted | Self::Application => {
                "this account is not admitted here; contact the administrator of this server"
            }
            Self::Unverified => {
                "the provider does not report the email address of this account as verified, so \
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
