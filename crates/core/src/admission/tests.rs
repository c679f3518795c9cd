use super::Admission;
use crate::user::{Identity, Profile};

fn profile(email: &str, email_verified: bool) -> Profile {
    Profile {
        identity: Identity {
            issuer: "https://issuer.example".into(),
            subject: "1".into(),
        },
        email: Some(email.into()),
        email_verified,
        name: None,
        hosted_domain: None,
    }
}

fn list() -> Admission {
    Admission::AllowList {
        emails: vec!["Ada@example.com".into()],
        domains: vec!["example.org".into()],
    }
}

#[test]
fn listed_addresses_and_domains_are_admitted() {
    for email in ["ada@example.com", "ADA@EXAMPLE.COM", "anyone@example.org"] {
        assert!(list().admits(&profile(email, true)), "{email} was refused");
    }
}

#[test]
fn others_and_unverified_addresses_are_refused() {
    for email in [
        "bob@example.com",
        "x@sub.example.org",
        "x@notexample.org",
        "example.org",
    ] {
        assert!(
            !list().admits(&profile(email, true)),
            "{email} was admitted"
        );
    }
    assert!(!list().admits(&profile("ada@example.com", false)));
    assert!(Admission::Open.admits(&profile("bob@example.com", false)));
}
