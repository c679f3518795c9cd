use latchkey_core::Profile;
use openidconnect::core::CoreUserInfoClaims;
use serde_json::{Value, json};

use crate::http::HttpError;

fn profile(id_token: Value, info: Option<Value>) -> Profile {
    let mut claims = json!({
        "iss": "https://login.example.com", "sub": "s1", "aud": "latchkey", "exp": 2, "iat": 1,
    });
    merge(&mut claims, id_token);
    let claims = serde_json::from_value(claims).expect("claims");
    let info = info.map(|more| {
        let mut info = json!({ "sub": "s1" });
        merge(&mut info, more);
        CoreUserInfoClaims::from_json::<HttpError>(info.to_string().as_bytes(), None)
            .expect("userinfo")
    });
    super::profile(&claims, info.as_ref())
}

fn merge(into: &mut Value, more: Value) {
    let (Value::Object(into), Value::Object(more)) = (into, more) else {
        return;
    };
    into.extend(more);
}

#[test]
fn account_is_issuer_and_subject() {
    let profile = profile(json!({}), None);
    assert_eq!(profile.identity.issuer, "https://login.example.com");
    assert_eq!(profile.identity.subject, "s1");
    assert_eq!(
        (profile.email, profile.email_verified, profile.name),
        (None, false, None)
    );
}

#[test]
fn userinfo_fills_up_what_the_id_token_lacks() {
    let info = json!({ "email": "ada@example.com", "email_verified": true, "name": "Ada" });
    let profile = profile(json!({ "name": "Ada Lovelace" }), Some(info));
    assert_eq!(profile.name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(profile.verified_email(), Some("ada@example.com"));
}

#[test]
fn security_11_verified_means_this_very_address() {
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
fn what_is_no_address_is_none_and_not_verified() {
    let long = format!("{}@example.com", "a".repeat(300));
    for email in [
        "",
        "ada",
        "@example.com",
        "ada@",
        "ada@exa mple.com",
        "ada\n@example.com",
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
fn names_are_one_short_line() {
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
    let tagged = profile(json!({ "name#de": "Ada von Lovelace" }), None);
    assert_eq!(tagged.name.as_deref(), Some("Ada von Lovelace"));
}
