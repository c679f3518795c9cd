use latchkey_core::Profile;
use serde_json::{Value, json};

use super::Trust;
use crate::oidc::id_token::Verified;

fn profile(id_token: Value, info: Option<Value>) -> Profile {
    trusting(Trust::default(), id_token, info)
}

fn trusting(trust: Trust, id_token: Value, info: Option<Value>) -> Profile {
    let object = |value: Value| value.as_object().expect("an object").clone();
    let claims = object(id_token);
    let token = Verified {
        issuer: "https://login.example.com",
        subject: "s1",
        claims: &claims,
    };
    super::profile(token, info.map(object).as_ref(), trust)
}

#[test]
fn identity_is_issuer_and_subject() {
    let profile = profile(json!({}), None);
    assert_eq!(profile.identity.issuer, "https://login.example.com");
    assert_eq!(profile.identity.subject, "s1");
    assert_eq!(
        (profile.email, profile.email_verified, profile.name),
        (None, false, None)
    );
}

#[test]
fn userinfo_completes_the_id_token() {
    let info = json!({ "email": "ada@example.com", "email_verified": true, "name": "Ada" });
    let profile = profile(json!({ "name": "Ada Lovelace" }), Some(info));
    assert_eq!(profile.name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(profile.verified_email(), Some("ada@example.com"));
}

#[test]
fn security_11_email_verified_applies_only_to_the_same_address() {
    let a = "ada@example.com";
    for (id_token, info, verified) in [
        (
            json!({ "email": a, "email_verified": true }),
            json!({}),
            true,
        ),
        (
            json!({ "email": a, "email_verified": "true" }),
            json!({}),
            true,
        ),
        (
            json!({ "email": a, "email_verified": false }),
            json!({}),
            false,
        ),
        (
            json!({ "email": a, "email_verified": "false" }),
            json!({}),
            false,
        ),
        (
            json!({ "email": a, "email_verified": null }),
            json!({}),
            false,
        ),
        (json!({ "email": a }), json!({}), false),
        (
            json!({ "email": a }),
            json!({ "email_verified": true }),
            false,
        ),
        (
            json!({ "email": a }),
            json!({ "email": a, "email_verified": true }),
            true,
        ),
        (
            json!({ "email": a }),
            json!({ "email": "eve@example.com", "email_verified": true }),
            false,
        ),
        (
            json!({ "email": a, "email_verified": false }),
            json!({ "email": a, "email_verified": true }),
            false,
        ),
        (
            json!({ "email_verified": true }),
            json!({ "email": a }),
            false,
        ),
        (
            json!({ "email": null }),
            json!({ "email": a, "email_verified": true }),
            true,
        ),
    ] {
        let profile = profile(id_token.clone(), Some(info.clone()));
        assert_eq!(profile.email.as_deref(), Some(a), "{id_token} {info}");
        assert_eq!(profile.email_verified, verified, "{id_token} {info}");
    }
}

#[test]
fn invalid_addresses_are_dropped() {
    let long = format!("{}@example.com", "a".repeat(300));
    for email in [
        "",
        "ada",
        "@example.com",
        "ada@",
        "ada@exa mple.com",
        "ada\n@example.com",
        // It would be unclear which of the mailboxes was verified.
        "ada@evil.example,x@example.com",
        "ada@evil.example@example.com",
        "<ada@evil.example>x@example.com",
        "\"ada@evil.example\"@example.com",
        &long,
    ] {
        let profile = profile(json!({ "email": email, "email_verified": true }), None);
        assert_eq!(
            (profile.email, profile.email_verified),
            (None, false),
            "{email:?}"
        );
    }
}

#[test]
fn security_11_invalid_email_verified_counts_as_not_verified() {
    let a = "ada@example.com";
    for verified in [
        json!("True"),
        json!("TRUE"),
        json!("yes"),
        json!(""),
        json!(1),
        json!([true]),
        json!({}),
    ] {
        let claims = json!({ "email": a, "email_verified": verified });
        for trust in [false, true] {
            let trust = Trust {
                email: trust,
                ..Trust::default()
            };
            let profile = trusting(trust, claims.clone(), None);
            assert_eq!(profile.email.as_deref(), Some(a), "{claims}");
            assert!(!profile.email_verified, "{claims}");
        }
        // Userinfo can still say that the address is verified, if it has the same address.
        let info = json!({ "email": a, "email_verified": true });
        assert!(
            profile(claims.clone(), Some(info)).email_verified,
            "{claims}"
        );
        let other = json!({ "email": "eve@example.com", "email_verified": true });
        assert!(
            !profile(claims.clone(), Some(other)).email_verified,
            "{claims}"
        );
    }
    for email in [json!([a]), json!({ "value": a }), json!(7), json!(true)] {
        let profile = profile(json!({ "email": email, "email_verified": true }), None);
        assert_eq!((profile.email, profile.email_verified), (None, false));
    }
}

#[test]
fn security_11_trust_email_applies_only_if_email_verified_is_missing() {
    let a = "ada@example.com";
    let trust = Trust {
        email: true,
        ..Trust::default()
    };
    for (id_token, info, verified) in [
        (json!({ "email": a }), json!({}), true),
        (json!({}), json!({ "email": a }), true),
        (
            json!({ "email": a, "email_verified": null }),
            json!({}),
            true,
        ),
        (
            json!({ "email": a, "email_verified": false }),
            json!({}),
            false,
        ),
        (
            json!({ "email": a, "email_verified": "false" }),
            json!({}),
            false,
        ),
        (
            json!({ "email": a }),
            json!({ "email_verified": false }),
            false,
        ),
        (
            json!({ "email_verified": false }),
            json!({ "email": a }),
            false,
        ),
        (json!({}), json!({}), false),
        (json!({ "email": "nobody" }), json!({}), false),
    ] {
        let profile = trusting(trust, id_token.clone(), Some(info.clone()));
        assert_eq!(profile.email_verified, verified, "{id_token} {info}");
    }
}

#[test]
fn security_11_hosted_domain_is_accepted_only_from_a_google_id_token() {
    let google = Trust {
        hosted_domain: true,
        ..Trust::default()
    };
    let domain = |trust, hd: Value| trusting(trust, json!({ "hd": hd }), None).hosted_domain;
    assert_eq!(
        domain(google, json!("Example.com")).as_deref(),
        Some("example.com")
    );
    assert_eq!(domain(Trust::default(), json!("example.com")), None);
    for odd in [
        json!(""),
        json!(null),
        json!(["example.com"]),
        json!("a b"),
        json!("a@b.example"),
    ] {
        assert_eq!(domain(google, odd.clone()), None, "{odd}");
    }
    let info = Some(json!({ "hd": "example.com" }));
    assert_eq!(trusting(google, json!({}), info).hosted_domain, None);
}

#[test]
fn invisible_names_are_dropped() {
    for name in [
        "\u{200b}\u{200b}",
        "\u{3164}",
        "\u{2060}",
        "\u{2800}\u{2800}",
        "\u{feff}",
        "\u{ad}",
        "\u{115f}\u{1160}",
        "\u{e0041}",
        " \u{200d} \u{fe0f}\t",
        "\u{202e}\u{200b}",
        "",
    ] {
        let profile = profile(json!({ "name": name }), None);
        assert_eq!(profile.name, None, "{name:?}");
    }
    // Invisible characters are kept in a name that also has visible ones.
    for name in ["नर\u{200d}", "👩\u{200d}🚀", "A\u{ad}da", "O\u{fe0f}"] {
        let profile = profile(json!({ "name": name }), None);
        assert_eq!(profile.name.as_deref(), Some(name));
    }
    let info = Some(json!({ "name": "Ada" }));
    let filled = profile(json!({ "name": "\u{200b}" }), info);
    assert_eq!(
        filled.name.as_deref(),
        Some("Ada"),
        "completed from userinfo"
    );
}

#[test]
fn names_are_truncated_and_put_on_one_line() {
    let name = |name: &str| profile(json!({ "name": name }), None).name;
    assert_eq!(
        name("Ada\r\nLovelace\u{202e}").as_deref(),
        Some("Ada  Lovelace")
    );
    assert_eq!(name(" \n "), None);
    assert_eq!(
        name(&"ä".repeat(500)).map(|name| name.chars().count()),
        Some(100)
    );
    let odd = json!({ "name": {}, "name#de": 7, "name#fr": "Ada de Lovelace" });
    assert_eq!(profile(odd, None).name.as_deref(), Some("Ada de Lovelace"));
    let tagged = profile(json!({ "name#de": "Ada von Lovelace" }), None);
    assert_eq!(tagged.name.as_deref(), Some("Ada von Lovelace"));
}
