//! The sections of providers: keys, presets, Google's client secret, and the errors that are
//! detected without contacting the provider.

use std::time::Duration;

use latchkey_identity::{ClientAuth, Kind, StepUp};
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
    assert_eq!(provider.step_up, None);

    let keys = "step_up = \"sign_in_again\"\nselect_account = false\nclient_auth = \"post\"\ntrust_email = true\n\
        timeout = \"9s\"";
    let config = loaded(&section("https://login.example.com", keys), &[]).expect("valid");
    let [provider] = &config.providers[..] else {
        panic!("one provider");
    };
    assert_eq!(provider.select_account, Some(false));
    assert_eq!(provider.client_auth, Some(ClientAuth::Post));
    assert_eq!(provider.timeout, Some(Duration::from_secs(9)));
    assert!(provider.trust_email);
    assert_eq!(provider.step_up, Some(StepUp::SignInAgain));

    for (key, expected) in [
        ("client_auth = \"jwt\"", "providers.work.client_auth"),
        ("step_up = \"never\"", "providers.work.step_up"),
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

/// Loads a configuration with these lines in `[providers.google]` and this value of
/// `GOOGLE_CLIENT_SECRET`, and returns Google's client secret.
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
    // Without a section, the variable may belong to another program.
    let secret = ("GOOGLE_CLIENT_SECRET", "from-the-environment");
    assert!(loaded("", &[secret]).expect("valid").providers.is_empty());
}

#[test]
fn google_secret_alone_in_the_environment_does_not_replace_a_secret() {
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
    // A compose file passes an unset variable as an empty one, which counts as no secret.
    rejected(
        "[providers.google]\nclient_id = \"a\"",
        &[("GOOGLE_CLIENT_SECRET", "")],
        "providers.google.client_secret: this key or client_secret_file is required",
    );
    // If the client id is set too, both variables replace the values of the section.
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

const CLIENT: &str = "client_id = \"id\"\nclient_secret = \"secret\"\n";
const TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

#[test]
fn presets_need_only_a_few_lines() {
    for (name, more, kind, issuer) in [
        ("google", "", Kind::Google, "https://accounts.google.com"),
        ("github", "", Kind::GitHub, "https://github.com"),
        ("gitlab", "", Kind::GitLab, "https://gitlab.com"),
        (
            "microsoft",
            "tenant = \"9188040d-6c67-4c5b-b112-36a304b66dad\"",
            Kind::Microsoft,
            "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
        ),
        (
            "okta",
            "domain = \"example.okta.com\"",
            Kind::Okta,
            "https://example.okta.com",
        ),
        (
            "auth0",
            "domain = \"example.eu.auth0.com\"",
            Kind::Auth0,
            "https://example.eu.auth0.com/",
        ),
        (
            "keycloak",
            "kind = \"keycloak\"\nissuer = \"https://keycloak.example.com/realms/r\"",
            Kind::Keycloak,
            "https://keycloak.example.com/realms/r",
        ),
        (
            "ours",
            "kind = \"gitlab\"\nissuer = \"https://gitlab.example.com\"",
            Kind::GitLab,
            "https://gitlab.example.com",
        ),
        // Configurations from before presets existed keep working: a section named `github` that has
        // an issuer but no kind does not use the preset.
        (
            "github",
            "issuer = \"https://dex.example.com\"",
            Kind::Oidc,
            "https://dex.example.com",
        ),
    ] {
        let config = loaded(&format!("[providers.{name}]\n{more}\n{CLIENT}"), &[]);
        let config = config.expect(name);
        let provider = &config.providers[0];
        assert_eq!((provider.id.as_str(), provider.kind), (name, kind));
        assert_eq!(provider.issuer, issuer);
        let is_preset = kind != Kind::Oidc;
        assert_eq!(provider.label != name, is_preset, "{}", provider.label);
    }
}

#[test]
fn errors_of_presets_say_what_to_do() {
    let issuer = "issuer = \"https://login.example.com\"";
    let section =
        |kind: &str, more: &str| format!("[providers.work]\nkind = \"{kind}\"\n{more}\n{CLIENT}");
    let tenant = |tenant: &str| format!("tenant = {tenant:?}");
    for (kind, more, expected) in [
        ("apple", "", "response_mode=form_post"),
        ("facebook", "", "is not one of \"google\", \"github\""),
        (
            "microsoft",
            "",
            "providers.work.tenant: this key is required",
        ),
        ("microsoft", &*tenant("common"), "the id of one tenant"),
        (
            "microsoft",
            &*tenant("Organizations"),
            "the id of one tenant",
        ),
        (
            "microsoft",
            &*tenant("example.com"),
            "Directory (tenant) ID",
        ),
        ("okta", "", "providers.work.domain: this key is required"),
        (
            "auth0",
            "domain = \"https://example.auth0.com/\"",
            "is not a host name",
        ),
        (
            "keycloak",
            "",
            "providers.work.issuer: this key is required",
        ),
        (
            "github",
            "trust_email = true",
            "providers.work.trust_email: remove",
        ),
        (
            "github",
            "client_auth = \"post\"",
            "providers.work.client_auth: remove",
        ),
        ("github", "issuer = \"http://github.example.com\"", "https"),
        (
            "gitlab",
            "domain = \"example.com\"",
            "providers.work.domain: remove",
        ),
        (
            "oidc",
            &*format!("{issuer}\n{}", tenant(TENANT)),
            "providers.work.tenant: remove",
        ),
        (
            "microsoft",
            &*format!("{issuer}\n{}", tenant(TENANT)),
            "providers.work.issuer: remove",
        ),
    ] {
        rejected(&section(kind, more), &[], expected);
    }
    let without_secret = "[providers.github]\nclient_id = \"a\"";
    rejected(
        without_secret,
        &[],
        "providers.github.client_secret: this key",
    );
}
