use super::{Admission, NotAdmitted};
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
        assert!(
            list().admits(&profile(email, true)).is_ok(),
            "{email} was refused"
        );
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
        let answer = list().admits(&profile(email, true));
        assert_eq!(answer, Err(NotAdmitted::Unlisted), "{email}");
    }
    let unverified = profile("ada@example.com", false);
    assert_eq!(list().admits(&unverified), Err(NotAdmitted::Unverified));
    let nameless = Profile {
        email: None,
        ..profile("ada@example.com", true)
    };
    assert_eq!(list().admits(&nameless), Err(NotAdmitted::NoAddress));
    assert_eq!(Admission::Open.admits(&unverified), Ok(()));
}
