//! Errors in a provider's section that are detected without contacting the provider.

use std::time::Duration;

use latchkey_identity::ClientAuth;
use secrecy::ExposeSecret;

use super::{loaded, rejected};

fn section(issuer: &str, more: &str) -> String {
    format!("[providers.work]\nissuer = {issuer:?}\nclient_id = \"latchkey\"\n{more}\n")
}

#[test]
fn issuers_that_cannot_work_are_rejected_at_startup() {
    for (issuer, expected) in [
        (
            "https://login.example.com/.well-known/openid-configuration",
            "the part before /.well-known/",
        ),
        (
            "https://login.microsoftonline.com/common/v2.0",
            "one tenant",
        ),
        (
            "https://login.microsoftonline.com/organizations/v2.0",
            "one tenant",
        ),
        (
            "https://login.microsoftonline.com/consumers/v2.0",
            "9188040d",
        ),
        ("https://appleid.apple.com", "Apple is not supported"),
    ] {
        rejected(&section(issuer, ""), &[], expected);
        rejected(&section(issuer, ""), &[], "providers.work");
    }
    let without_email = section("https://appleid.apple.com", "scopes = [\"openid\"]");
    loaded(&without_email, &[]).expect("valid without the email scope");
}

#[test]
fn optional_keys_of_a_provider_are_read() {
    let minimal = section("https://login.example.com", "");
    let config = loaded(&minimal, &[]).expect("valid");
    let [provider] = &config.providers[..] else {
        panic!("one provider");
    };
    assert_eq!(
        (
            provider.select_account,
            provider.client_auth,
            provider.timeout
        ),
        (None, None, None)
    );
    assert!(!provider.trust_email);

    let keys = "select_account = false\nclient_auth = \"post\"\ntrust_email = true\n\
        timeout = \"9s\"";
    let config = loaded(&section("https://login.example.com", keys), &[]).expect("valid");
    let [provider] = &config.providers[..] else {
        panic!("one provider");
    };
    assert_eq!(provider.select_account, Some(false));
    assert_eq!(provider.client_auth, Some(ClientAuth::Post));
    assert_eq!(provider.timeout, Some(Duration::from_secs(9)));
    assert!(provider.trust_email);

    for (key, expected) in [
        ("client_auth = \"jwt\"", "providers.work.client_auth"),
        ("timeout = \"10s\"", "between 1 and 9 seconds"),
        ("timeout = \"500ms\"", "between 1 and 9 seconds"),
        ("timeout = \"soon\"", "providers.work.timeout"),
    ] {
        rejected(&section("https://login.example.com", key), &[], expected);
    }
}

#[test]
fn google_gets_a_domain_hint_if_one_domain_is_admitted() {
    let google = "[providers.google]\nclient_id = \"a\"\nclient_secret = \"b\"\n";
    for (list, hint) in [
        ("domains = [\"example.com\"]", Some("example.com")),
        ("domains = [\"example.com\", \"example.org\"]", None),
        (
            "domains = [\"example.com\"]\nemails = [\"ada@gmail.com\"]",
            None,
        ),
        ("domains = [\"gmail.com\"]", None),
        ("emails = [\"ada@gmail.com\"]", None),
    ] {
        let text = format!("[admission]\nmode = \"allow-list\"\n{list}\n{google}");
        let config = loaded(&text, &[]).expect(list);
        let hinted = config.providers[0].hosted_domain.as_deref();
        assert_eq!(hinted, hint, "{list}");
    }
}

/// The secret of Google's client with this section and the variable `GOOGLE_CLIENT_SECRET`.
fn google_secret(section: &str, variable: &str) -> Option<String> {
    let file = format!("[providers.google]\nclient_id = \"a\"\n{section}");
    let config = loaded(&file, &[("GOOGLE_CLIENT_SECRET", variable)]).expect("valid");
    let secret = config.providers[0].client_secret.as_ref();
    secret.map(|secret| secret.expose_secret().to_owned())
}

#[test]
fn google_secret_in_the_environment_completes_a_section_without_a_secret() {
    let secret = google_secret("", "from-the-environment");
    assert_eq!(secret.as_deref(), Some("from-the-environment"));
    // Without a section, the variable may be that of another program.
    let secret = ("GOOGLE_CLIENT_SECRET", "from-the-environment");
    assert!(loaded("", &[secret]).expect("valid").providers.is_empty());
}

#[test]
fn google_secret_alone_in_the_environment_replaces_no_secret() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("secret");
    std::fs::write(&path, "from-the-section").expect("written");
    for section in [
        "client_secret = \"from-the-section\"".to_owned(),
        format!("client_secret_file = {path:?}"),
    ] {
        for variable in ["stale", ""] {
            let secret = google_secret(&section, variable);
            assert_eq!(secret.as_deref(), Some("from-the-section"), "{variable:?}");
        }
    }
    // An unset variable of a compose file is empty: the section lacks a secret as without it.
    rejected(
        "[providers.google]\nclient_id = \"a\"",
        &[("GOOGLE_CLIENT_SECRET", "")],
        "providers.google.client_secret: this key or client_secret_file is required",
    );
    // With the client's id, both belong together and replace those of the section.
    let variables = [
        ("GOOGLE_CLIENT_ID", "id"),
        ("GOOGLE_CLIENT_SECRET", "secret"),
    ];
    let file = "[providers.google]\nclient_id = \"a\"\nclient_secret_file = \"/nonexistent\"";
    let config = loaded(file, &variables).expect("valid");
    let google = &config.providers[0];
    let secret = google
        .client_secret
        .as_ref()
        .map(ExposeSecret::expose_secret);
    assert_eq!((google.client_id.as_str(), secret), ("id", Some("secret")));
}
