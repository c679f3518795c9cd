use core::time::Duration;

use super::Client;
use crate::config::ProviderConfig;
use crate::error::ConfigError;
use crate::presets::google;
use crate::provider::Kind;

fn config(issuer: &str) -> ProviderConfig {
    ProviderConfig {
        client_secret: Some("hunter2".into()),
        ..ProviderConfig::new("work", issuer, "latchkey")
    }
}

#[test]
fn https_and_loopback_issuers_are_accepted() {
    for issuer in [
        "https://login.example.com",
        "https://login.example.com/tenant/v2.0",
        "https://login.example.com/",
        "http://localhost:9000",
        "http://127.0.0.1:7000/demo",
        "http://[::1]:9000",
    ] {
        let client = Client::new(&config(issuer)).expect(issuer);
        assert_eq!(client.issuer.as_str(), issuer, "unchanged");
    }
}

#[test]
fn insecure_and_malformed_issuers_are_refused() {
    for issuer in [
        "http://login.example.com",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "data:,x",
    ] {
        let refused = Client::new(&config(issuer)).expect_err(issuer);
        assert!(
            matches!(refused, ConfigError::IssuerInsecure { .. }),
            "{issuer}: {refused}"
        );
    }
    for issuer in [
        "https://a@example.com",
        "https://example.com?x=1",
        "https://example.com#x",
    ] {
        let refused = Client::new(&config(issuer)).expect_err(issuer);
        assert!(
            matches!(refused, ConfigError::IssuerParts { .. }),
            "{issuer}: {refused}"
        );
    }
    let refused = Client::new(&config("login.example.com")).expect_err("not a URL");
    assert!(
        matches!(refused, ConfigError::IssuerNotUrl { .. }),
        "{refused}"
    );
}

#[test]
fn issuers_that_never_issue_id_tokens_are_refused() {
    for issuer in [
        "https://login.example.com/.well-known/openid-configuration",
        "https://login.example.com/tenant/.well-known/openid-configuration",
        "https://login.example.com/.well-known/oauth-authorization-server",
    ] {
        let refused = Client::new(&config(issuer)).expect_err(issuer);
        assert!(
            matches!(refused, ConfigError::IssuerWellKnown { .. }),
            "{issuer}: {refused}"
        );
    }
    for issuer in [
        "https://login.microsoftonline.com/common/v2.0",
        "https://login.microsoftonline.com/Organizations/v2.0",
        "https://login.microsoftonline.com/consumers",
        "https://login.microsoftonline.us/common/v2.0",
    ] {
        let refused = Client::new(&config(issuer)).expect_err(issuer);
        assert!(
            matches!(refused, ConfigError::IssuerShared { .. }),
            "{issuer}: {refused}"
        );
    }
    let tenant = "9188040d-6c67-4c5b-b112-36a304b66dad";
    let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
    Client::new(&config(&issuer)).expect("one tenant");
    Client::new(&config("https://login.example.com/common")).expect("not Microsoft");
}

#[test]
fn apple_is_refused_with_scopes_that_need_a_form_post() {
    for issuer in ["https://appleid.apple.com", "https://appleid.apple.com/"] {
        let mut config = config(issuer);
        for scopes in [vec!["openid", "email"], vec!["openid", "name"]] {
            config.scopes = scopes.into_iter().map(str::to_owned).collect();
            let refused = Client::new(&config).expect_err(issuer).to_string();
            assert!(refused.contains("Apple is not supported"), "{refused}");
        }
        config.scopes = vec!["openid".to_owned()];
        Client::new(&config).expect("the subject alone");
    }
}

#[test]
fn timeout_must_be_shorter_than_the_timeout_of_the_page() {
    let mut config = config("https://login.example.com");
    for (secs, valid) in [(0, false), (1, true), (9, true), (10, false)] {
        config.timeout = Some(Duration::from_secs(secs));
        assert_eq!(Client::new(&config).is_ok(), valid, "{secs} s");
    }
}

#[test]
fn empty_and_missing_values_are_named() {
    let mut no_id = config("https://login.example.com");
    no_id.client_id.clear();
    let refused = Client::new(&no_id).expect_err("no client_id");
    assert!(
        refused
            .to_string()
            .contains("`client_id` of the provider `work`"),
        "{refused}"
    );

    let mut no_secret = config("https://login.example.com");
    no_secret.client_secret = Some("".into());
    let refused = Client::new(&no_secret).expect_err("empty client_secret");
    assert!(refused.to_string().contains("`client_secret`"), "{refused}");

    let mut no_openid = config("https://login.example.com");
    no_openid.scopes = vec!["email".to_owned()];
    assert!(matches!(
        Client::new(&no_openid),
        Err(ConfigError::ScopeOpenid { .. })
    ));
}

#[test]
fn google_needs_only_client_id_and_secret() {
    let google = google("id", "secret");
    assert_eq!(
        (google.label.as_str(), google.kind),
        ("Google", Kind::Google)
    );
    let client = Client::new(&google).expect("a valid configuration");
    assert_eq!(client.issuer.as_str(), "https://accounts.google.com");
}

#[test]
fn security_69_debug_output_hides_the_client_secret() {
    let config = config("https://login.example.com");
    let client = Client::new(&config).expect("a valid configuration");
    for text in [format!("{config:?}"), format!("{client:?}")] {
        assert!(
            text.contains("latchkey") && !text.contains("hunter2"),
            "{text}"
        );
    }
}
