//! What is known to fail about a provider without asking it.

use std::time::Duration;

use latchkey_identity::ClientAuth;

use super::{loaded, mistake};

fn section(issuer: &str, more: &str) -> String {
    format!("[providers.work]\nissuer = {issuer:?}\nclient_id = \"latchkey\"\n{more}\n")
}

#[test]
fn issuers_that_can_never_work_are_refused_before_anybody_signs_in() {
    for (issuer, named) in [
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
        mistake(&section(issuer, ""), &[], named);
        mistake(&section(issuer, ""), &[], "providers.work");
    }
    let alone = section("https://appleid.apple.com", "scopes = [\"openid\"]");
    loaded(&alone, &[]).expect("the subject alone");
}

#[test]
fn how_a_provider_is_talked_to_can_be_set() {
    let plain = section("https://login.example.com", "");
    let config = loaded(&plain, &[]).expect("good");
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
    let config = loaded(&section("https://login.example.com", keys), &[]).expect("good");
    let [provider] = &config.providers[..] else {
        panic!("one provider");
    };
    assert_eq!(provider.select_account, Some(false));
    assert_eq!(provider.client_auth, Some(ClientAuth::Post));
    assert_eq!(provider.timeout, Some(Duration::from_secs(9)));
    assert!(provider.trust_email);

    for (key, named) in [
        ("client_auth = \"jwt\"", "providers.work.client_auth"),
        ("timeout = \"10s\"", "between 1 and 9 seconds"),
        ("timeout = \"500ms\"", "between 1 and 9 seconds"),
        ("timeout = \"soon\"", "providers.work.timeout"),
    ] {
        mistake(&section("https://login.example.com", key), &[], named);
    }
}

#[test]
fn google_is_told_the_one_domain_that_is_admitted() {
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
