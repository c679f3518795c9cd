use proptest::prelude::*;

use super::{
    Admin, Admission, ConfiguredProvider, EmailPattern, Entry, NotAdmitted, Rights, TrustedEmails,
};
use crate::user::{Identity, Profile};

fn configured(provider: &str, google: bool, trusted_emails: TrustedEmails) -> ConfiguredProvider {
    ConfiguredProvider {
        provider: provider.to_owned(),
        issuer: format!("https://{provider}.example"),
        google,
        trusted_emails,
    }
}

fn domains(list: &[&str]) -> TrustedEmails {
    TrustedEmails::Domains(list.iter().map(|it| (*it).to_owned()).collect())
}

fn profile(provider: &str, email: &str, verified: bool, hosted_domain: Option<&str>) -> Profile {
    Profile {
        identity: Identity {
            issuer: format!("https://{provider}.example"),
            subject: "1".into(),
        },
        email: Some(email.into()),
        email_verified: verified,
        name: None,
        hosted_domain: hosted_domain.map(str::to_owned),
    }
}

/// Parses an address or a domain, which may have a provider in front: `provider:address`.
fn entry(text: &str) -> Entry {
    let (provider, pattern) = match text.split_once(':') {
        Some((provider, pattern)) => (Some(provider.to_owned()), pattern.to_owned()),
        None => (None, text.to_owned()),
    };
    let pattern = if pattern.contains('@') {
        EmailPattern::Email(pattern)
    } else {
        EmailPattern::Domain(pattern)
    };
    Entry { provider, pattern }
}

fn list(providers: &[ConfiguredProvider], entries: &[&str]) -> Rights {
    Rights {
        providers: providers.to_vec(),
        admission: Admission::AllowList(entries.iter().map(|it| entry(it)).collect()),
        admins: Vec::new(),
    }
}

fn admins(providers: &[ConfiguredProvider], entries: &[&str]) -> Rights {
    Rights {
        providers: providers.to_vec(),
        admission: Admission::Open,
        admins: entries.iter().map(|it| Admin::Entry(entry(it))).collect(),
    }
}

#[test]
fn single_provider_admits_listed_addresses_and_domains() {
    let only = [configured("only", false, TrustedEmails::Any)];
    let rights = list(&only, &["ada@example.com", "example.org"]);
    for email in ["ada@example.com", "ADA@EXAMPLE.COM", "anyone@Example.org"] {
        let result = rights.admit(&profile("only", email, true, None));
        assert_eq!(result, Ok(()), "{email}");
    }
    for email in [
        "bob@example.com",
        "ada@sub.example.org",
        "x@notexample.org",
        "example.org",
        "ada@example.com@evil.example",
        "",
    ] {
        let result = rights.admit(&profile("only", email, true, None));
        assert_eq!(result, Err(NotAdmitted::Unlisted), "{email}");
    }
    let unverified = profile("only", "ada@example.com", false, None);
    assert_eq!(rights.admit(&unverified), Err(NotAdmitted::Unverified));
    let without_email = Profile {
        email: None,
        ..unverified.clone()
    };
    assert_eq!(rights.admit(&without_email), Err(NotAdmitted::NoAddress));
    let open = Rights {
        providers: only.to_vec(),
        ..Rights::default()
    };
    assert_eq!(open.admit(&unverified), Ok(()));
    assert_eq!(
        Rights::default().admit(&unverified),
        Err(NotAdmitted::ProviderRemoved)
    );
}

/// An entry; the provider, address and `hd` of a sign-in; and whether the entry admits it.
const CLAIMS: &[(&str, &str, &str, Option<&str>, bool)] = &[
    (
        "work:ada@example.com",
        "work",
        "ada@example.com",
        None,
        true,
    ),
    (
        "work:ada@example.com",
        "partner",
        "ada@example.com",
        None,
        false,
    ),
    (
        "work:ada@example.com",
        "google",
        "ada@example.com",
        Some("example.com"),
        false,
    ),
    ("ada@example.com", "work", "ada@example.com", None, true),
    ("ada@example.com", "partner", "ada@example.com", None, false),
    ("ada@example.com", "google", "ada@example.com", None, false),
    (
        "ada@example.com",
        "google",
        "ada@example.com",
        Some("example.com"),
        true,
    ),
    (
        "ada@example.com",
        "google",
        "ada@example.com",
        Some("evil.example"),
        false,
    ),
    (
        "google:ada@example.com",
        "google",
        "ada@example.com",
        None,
        true,
    ),
    (
        "partner:ada@example.com",
        "partner",
        "ada@example.com",
        None,
        true,
    ),
    ("ada@gmail.com", "google", "ada@gmail.com", None, true),
    ("ada@gmail.com", "broker", "ada@gmail.com", None, false),
    (
        "example.com",
        "broker",
        "ada@example.com",
        Some("example.com"),
        false,
    ),
    (
        "broker.example",
        "broker",
        "ada@broker.example",
        Some("broker.example"),
        true,
    ),
    (
        "broker.example",
        "broker",
        "ada@broker.example",
        None,
        false,
    ),
    ("ada@gmail.com", "work", "ada@gmail.com", None, false),
    ("gmail.com", "google", "ada@gmail.com", None, true),
    ("gmail.com", "partner", "ada@gmail.com", None, false),
    ("example.com", "work", "ada@example.com", None, true),
    ("example.com", "partner", "ada@example.com", None, false),
    ("example.com", "google", "ada@example.com", None, false),
    (
        "example.com",
        "google",
        "ada@example.com",
        Some("EXAMPLE.com"),
        true,
    ),
    (
        "google:example.com",
        "google",
        "ada@example.com",
        None,
        false,
    ),
    (
        "google:example.com",
        "google",
        "ada@example.com",
        Some("example.com"),
        true,
    ),
    (
        "google:example.com",
        "partner",
        "ada@example.com",
        Some("example.com"),
        false,
    ),
    (
        "partner:example.com",
        "partner",
        "ada@example.com",
        None,
        true,
    ),
    // `hd` of a provider other than Google has no meaning.
    (
        "example.com",
        "partner",
        "ada@evil.example",
        Some("example.com"),
        false,
    ),
    ("example.org", "work", "ada@example.org", None, false),
];

#[test]
fn with_several_providers_only_a_trusted_provider_vouches_for_an_address() {
    let several = [
        configured("google", true, TrustedEmails::GoogleManaged),
        // Follows Google's conventions, but is trusted only for the configured domain.
        configured("broker", true, domains(&["broker.example"])),
        configured("partner", false, domains(&[])),
        configured("work", false, domains(&["example.com"])),
    ];
    for (entry, provider, email, hosted, admitted) in CLAIMS {
        let claims = profile(provider, email, true, *hosted);
        let result = list(&several, &[*entry]).admit(&claims);
        assert_eq!(result.is_ok(), *admitted, "{entry}: {claims:?}: {result:?}");
        if entry.contains('@') {
            let roles = admins(&several, &[entry]).roles(&claims);
            assert_eq!(roles.is_empty(), !admitted, "{entry}: {claims:?}");
        }
    }
    let claims = profile("partner", "ada@example.com", true, None);
    let result = list(&several, &["example.com"]).admit(&claims);
    assert_eq!(result, Err(NotAdmitted::ProviderNotTrusted));
    // The message does not reveal whether the address is on the list.
    let unlisted = NotAdmitted::Unlisted.to_string();
    assert_eq!(NotAdmitted::ProviderNotTrusted.to_string(), unlisted);
}

#[test]
fn google_alone_matches_a_domain_by_hd_except_for_its_own_domains() {
    let google = [configured("google", true, TrustedEmails::Any)];
    for (entry, email, hosted, admitted) in [
        ("example.com", "ada@example.com", Some("example.com"), true),
        ("example.com", "ada@example.com", None, false),
        (
            "example.com",
            "ada@example.com",
            Some("other.example"),
            false,
        ),
        (
            "example.com",
            "ada@alias.example",
            Some("example.com"),
            true,
        ),
        ("gmail.com", "ada@gmail.com", None, true),
        ("googlemail.com", "ada@googlemail.com", None, true),
        ("ada@example.com", "ada@example.com", None, true),
    ] {
        let claims = profile("google", email, true, hosted);
        let result = list(&google, &[entry]).admit(&claims);
        assert_eq!(result.is_ok(), admitted, "{entry}: {claims:?}: {result:?}");
    }
}

#[test]
fn admin_can_be_named_by_issuer_and_subject() {
    let mut rights = admins(&[configured("work", false, domains(&[]))], &[]);
    let ada = profile("work", "ada@example.com", false, None);
    rights.admins.push(Admin::Account(ada.identity.clone()));
    assert_eq!(rights.roles(&ada), ["admin"]);
    let mut other = ada.clone();
    other.identity.subject = "2".into();
    assert!(rights.roles(&other).is_empty());
    other.identity.subject = "1".into();
    other.identity.issuer = "https://partner.example".into();
    assert!(rights.roles(&other).is_empty());
    // A user who is not admitted has no roles.
    rights.admission = Admission::AllowList(vec![entry("work:bob@example.com")]);
    assert!(rights.roles(&ada).is_empty());
    rights.admission = Admission::Open;
    rights.providers.clear();
    assert!(rights.roles(&ada).is_empty());
}

proptest! {
    /// SECURITY 78: no claim of a provider matches an entry for another provider.
    #[test]
    fn security_78_claims_of_one_provider_never_match_an_entry_for_another(
        email in "[ab]{1,2}@[xy]\\.(example|com)",
        pattern in "([ab]{1,2}@)?[xy]\\.(example|com)",
        hosted in proptest::option::of("[xy]\\.(example|com)"),
        verified: bool,
        named: bool,
        google: bool,
    ) {
        let providers = [
            configured("honest", google, domains(&["x.example", "y.example", "x.com", "y.com"])),
            configured("hostile", false, domains(&[])),
        ];
        let text = if named { format!("honest:{pattern}") } else { pattern };
        let claimed = profile("hostile", &email, verified, hosted.as_deref());
        prop_assert!(list(&providers, &[&text]).admit(&claimed).is_err());
        prop_assert!(admins(&providers, &[&text]).roles(&claimed).is_empty());
        // Only a verified address or a domain managed by Google is admitted.
        let honest = profile("honest", &email, verified, hosted.as_deref());
        if list(&providers, &[&text]).admit(&honest).is_ok() {
            prop_assert!(verified || google && hosted.is_some());
        }
    }
}
