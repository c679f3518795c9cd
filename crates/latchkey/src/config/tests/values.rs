//! Validation of values: lists of addresses, secrets, redirect paths.

use secrecy::ExposeSecret;

use super::{loaded, rejected};

#[test]
fn list_entries_that_would_match_nobody_are_rejected() {
    for (key, entry) in [
        ("domains", "@example.com"),
        ("domains", "*.example.com"),
        ("domains", "*@example.com"),
        ("domains", ".example.com"),
        ("domains", "ada@example.com"),
        ("domains", "example com"),
        ("domains", "https://example.com"),
        ("domains", ""),
        ("emails", "example.org"),
        ("emails", "@example.org"),
        ("emails", "*@example.org"),
        ("emails", "Ada <ada@example.org>"),
        ("emails", "ada@"),
    ] {
        let text = format!("[admission]\nmode = \"allow-list\"\n{key} = [{entry:?}]");
        rejected(&text, &[], &format!("admission.{key}: {entry:?}"));
    }
    let with_whitespace = "[admission]\nmode = \"allow-list\"\nemails = [\" ada@example.com \"]\n\
        domains = [\"b\u{fc}cher.example\"]";
    loaded(with_whitespace, &[]).expect("valid");
    rejected("admins = [\"*@example.com\"]", &[], "admins");
}

#[test]
fn secrets_are_trimmed_and_quoted_secrets_are_rejected() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("secret");
    std::fs::write(&path, b"\xef\xbb\xbfs3cret\r\n").expect("written");
    let text = format!(
        "[providers.a]\nissuer = \"https://a.example\"\nclient_id = \"id\"\n\
         client_secret_file = {path:?}"
    );
    let config = loaded(&text, &[]).expect("valid");
    let secret = config.providers[0].client_secret.as_ref();
    let secret = secret.map(ExposeSecret::expose_secret);
    assert_eq!(secret, Some("s3cret"));
    for quoted in ["\"abc\"", "'abc'", "\"abc\" "] {
        for name in ["GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET"] {
            let mut variables = vec![("GOOGLE_CLIENT_ID", "a"), ("GOOGLE_CLIENT_SECRET", "b")];
            variables.push((name, quoted));
            rejected("", &variables, "quotation marks");
        }
    }
}

#[test]
fn bare_callback_requires_a_single_provider() {
    let section = |name: &str, redirect: &str| {
        format!(
            "[providers.{name}]\nissuer = \"https://{name}.example\"\nclient_id = \"id\"\n{redirect}\n"
        )
    };
    let bare = "redirect = \"/callback\"";
    let config = loaded(&section("a", ""), &[]).expect("valid");
    assert!(!config.bare_callback);
    let config = loaded(&section("a", "redirect = \"/callback/a\""), &[]).expect("valid");
    assert!(!config.bare_callback);
    let config = loaded(&section("a", bare), &[]).expect("valid");
    assert!(config.bare_callback);
    let two = section("a", bare) + &section("b", "");
    rejected(&two, &[], "register {public_url}/callback/a");
    for redirect in [
        "/callback/b",
        "/",
        "/account",
        "https://evil.example/callback",
    ] {
        let text = section("a", &format!("redirect = {redirect:?}"));
        rejected(&text, &[], "providers.a.redirect");
    }
}

const TWO: &str = "[providers.google]\nclient_id = \"a\"\nclient_secret = \"b\"\n\
    [providers.partner]\nissuer = \"https://partner.example\"\nclient_id = \"c\"\n";

fn one_provider() -> &'static str {
    TWO.split_once("[providers.partner]").expect("two").0
}

#[test]
fn admin_address_must_name_its_provider_if_there_are_several() {
    let bare = "admins = [\"ada@example.com\"]\n";
    loaded(bare, &[]).expect("valid without a provider");
    let named = "admins = [\"google:ada@example.com\"]\n";
    rejected(named, &[], "no provider is configured");
    loaded(&format!("{bare}{}", one_provider()), &[]).expect("valid with one provider");
    loaded(&format!("demo = true\n{bare}{}", one_provider()), &[])
        .expect("valid with one provider and the demo provider");
    for part in [
        "admins: \"ada@example.com\" does not specify a provider",
        "\"google:ada@example.com\" or \"partner:ada@example.com\"",
        "{ issuer = \"…\", subject = \"…\" }",
    ] {
        rejected(&format!("{bare}{TWO}"), &[], part);
    }
    let admins = "admins = [\"google:ada@example.com\", \" partner:bob@example.com\", \
        \"demo:eve@example.com\", { issuer = \"https://a.example\", subject = \"1\" }]\n";
    let config = loaded(&format!("{admins}{TWO}"), &[]).expect("valid");
    assert_eq!(config.rights.admins.len(), 4);
    for (entry, part) in [
        (
            "\"gogle:ada@example.com\"",
            "configured providers: google, partner",
        ),
        ("\"google:*@example.com\"", "is not an email address"),
        ("\"google:\"", "is not an email address"),
        (
            "{ issuer = \"https://a.example\" }",
            "admins[0]: use an address",
        ),
        ("{ issuer = \"\", subject = \"1\" }", "must not be empty"),
        ("1", "admins[0]: use an address"),
    ] {
        rejected(&format!("admins = [{entry}]\n{TWO}"), &[], part);
    }
    let variables = [(
        "LATCHKEY_ADMINS",
        "google:ada@example.com,partner:b@example.com",
    )];
    loaded(TWO, &variables).expect("valid");
    rejected(
        TWO,
        &[("LATCHKEY_ADMINS", "ada@example.com")],
        "does not specify a provider",
    );
}

#[test]
fn sections_with_the_same_issuer_must_have_the_same_trust() {
    let section = |name: &str, more: &str| {
        format!(
            "[providers.{name}]\nissuer = \"https://a.example\"\nclient_id = \"{name}\"\n{more}"
        )
    };
    let staff = section("staff", "");
    let guests = section("guests", "trust_email = true\n");
    rejected(
        &format!("{staff}{guests}"),
        &[],
        "providers.staff.trust_email",
    );
    let guests = section("guests", "");
    loaded(&format!("{staff}{guests}"), &[]).expect("valid");
}

#[test]
fn kind_google_with_another_issuer_is_not_trusted_like_google() {
    let broker = "[providers.google]\nissuer = \"https://broker.example\"\nclient_id = \"a\"\n\
                  client_secret = \"b\"\n\
                  [providers.work]\nissuer = \"https://work.example\"\nclient_id = \"a\"\n";
    let list = "[admission]\nmode = \"allow-list\"\nemails = [\"ada@gmail.com\"]\n";
    rejected(&format!("{list}{broker}"), &[], "matches no provider");
}

#[test]
fn list_entries_must_match_a_provider_that_is_trusted_for_their_domain() {
    let list = |list: &str| format!("[admission]\nmode = \"allow-list\"\n{list}\n");
    let trusted = format!("{TWO}email_domains = [\"partner.example\"]\n");
    for entries in [
        "emails = [\"partner:ada@example.com\"]\ndomains = [\"google:example.com\"]",
        "emails = [\"ada@gmail.com\", \"ada@partner.example\"]",
        "domains = [\"gmail.com\", \"Partner.example\"]",
    ] {
        loaded(&format!("{}{trusted}", list(entries)), &[]).expect("valid");
    }
    for (entries, part) in [
        (
            "emails = [\"ada@example.com\"]",
            "admission.emails: \"ada@example.com\" matches no provider",
        ),
        (
            "emails = [\"ada@example.com\"]",
            "use \"google:ada@example.com\" or \"partner:ada@example.com\", or set email_domains = \
             [\"example.com\"]",
        ),
        (
            "domains = [\"example.com\"]",
            "admission.domains: \"example.com\" matches no provider",
        ),
    ] {
        rejected(&format!("{}{trusted}", list(entries)), &[], part);
        loaded(&format!("{}{}", list(entries), one_provider()), &[])
            .expect("valid with one provider");
    }
    let unknown = list("domains = [\"gogle:example.com\"]");
    rejected(
        &format!("{unknown}{TWO}"),
        &[],
        "configured providers: google, partner",
    );
    // A single provider can be restricted by `email_domains`, too.
    let one = "[providers.work]\nissuer = \"https://work.example\"\nclient_id = \"c\"\n\
        email_domains = [\"example.org\"]\n";
    for entries in [
        "admins = [\"ada@example.com\"]\n".to_owned(),
        list("domains = [\"example.com\"]"),
    ] {
        let part = "matches no provider, because none is trusted for addresses at example.com";
        rejected(&format!("{entries}{one}"), &[], part);
        let covered = one.replace("example.org", "example.com");
        loaded(&format!("{entries}{covered}"), &[]).expect("valid");
    }
    let invalid = format!("{TWO}email_domains = [\"@partner.example\"]\n");
    rejected(
        &invalid,
        &[],
        "providers.partner.email_domains: \"@partner.example\"",
    );
}
