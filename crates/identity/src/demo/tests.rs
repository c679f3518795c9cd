use std::sync::Arc;

use latchkey_core::{Rng, Timestamp};
use secrecy::ExposeSecret as _;
use url::Url;

use super::{DemoError, DemoProvider, DemoRequest};

const ISSUER: &str = "http://127.0.0.1:7000/demo";
const CALLBACK: &str = "http://127.0.0.1:7000/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// The challenge of that verifier (RFC 7636 appendix B).
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

struct SystemRng;

impl Rng for SystemRng {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the `Rng` of these tests"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("random numbers");
    }
}

fn provider() -> DemoProvider {
    DemoProvider::new(ISSUER, CALLBACK, Arc::new(SystemRng))
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn query() -> Vec<(String, String)> {
    pairs(&[
        ("response_type", "code"),
        ("client_id", "latchkey-demo"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid email profile"),
        ("state", "the state"),
        ("nonce", "the nonce"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("prompt", "select_account"),
    ])
}

fn request(provider: &DemoProvider) -> DemoRequest {
    provider.check_authorize(&query()).expect("a valid request")
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

fn code(provider: &DemoProvider) -> String {
    let url = provider
        .approve(&request(provider), "ada@example.com", NOW)
        .expect("approved");
    parameter(&url, "code").expect("a code")
}

fn form(code: &str) -> Vec<(String, String)> {
    pairs(&[
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ])
}

fn basic(provider: &DemoProvider) -> (&str, &str) {
    ("latchkey-demo", provider.client_secret.expose_secret())
}

#[test]
fn request_round_trips_through_the_form() {
    let provider = provider();
    let request = request(&provider);
    let mut form = pairs(&request.fields());
    form.extend(pairs(&[("email", "ada@example.com")]));
    assert_eq!(provider.check_authorize(&form), Ok(request));
}

#[test]
fn invalid_requests_are_refused() {
    let provider = provider();
    for (name, value) in [
        ("client_id", "other"),
        ("redirect_uri", "http://127.0.0.1:7000/callback/"),
        ("redirect_uri", "http://evil.example/callback"),
        ("response_type", "token"),
        ("scope", "email openidx"),
        ("state", ""),
        ("nonce", ""),
        ("code_challenge", "short"),
        ("code_challenge_method", "plain"),
    ] {
        let mut changed = query();
        changed.retain(|(known, _)| known != name);
        assert_eq!(
            provider.check_authorize(&changed),
            Err(DemoError::Parameter(name))
        );
        changed.extend(pairs(&[(name, value)]));
        assert_eq!(
            provider.check_authorize(&changed),
            Err(DemoError::Parameter(name))
        );
        let mut twice = query();
        twice.extend(pairs(&[(name, value)]));
        assert_eq!(provider.check_authorize(&twice), Err(DemoError::Duplicate));
    }
    let mut long = query();
    long.retain(|(known, _)| known != "state");
    long.push(("state".to_owned(), "a".repeat(513)));
    assert_eq!(
        provider.check_authorize(&long),
        Err(DemoError::Parameter("state"))
    );
}

#[test]
fn both_redirects_carry_state_and_issuer() {
    let provider = provider();
    let request = request(&provider);
    let approved = provider
        .approve(&request, "ada@example.com", NOW)
        .expect("approved");
    let refused = provider.refuse(&request);
    for url in [&approved, &refused] {
        assert!(url.as_str().starts_with(&format!("{CALLBACK}?")), "{url}");
        assert_eq!(parameter(url, "state").as_deref(), Some("the state"));
        assert_eq!(parameter(url, "iss").as_deref(), Some(ISSUER));
    }
    assert_eq!(
        parameter(&refused, "error").as_deref(),
        Some("access_denied")
    );
    assert_eq!(parameter(&refused, "code"), None);
}

#[test]
fn invalid_email_addresses_are_refused() {
    let provider = provider();
    for email in [
        "",
        "ada",
        "@",
        "ada@",
        "@example.com",
        "a@b@c",
        "a b@c",
        "a\n@c",
    ] {
        let result = provider.approve(&request(&provider), email, NOW);
        assert_eq!(result, Err(DemoError::Email), "{email:?}");
    }
}

#[test]
fn code_is_bound_to_redirect_uri_and_verifier_and_expires_after_a_minute() {
    let provider = provider();
    for (name, value) in [
        ("redirect_uri", "http://127.0.0.1:7000/"),
        ("code_verifier", "another"),
        ("code", "x"),
    ] {
        let mut changed = form(&code(&provider));
        changed.retain(|(known, _)| known != name);
        changed.extend(pairs(&[(name, value)]));
        let result = provider.exchange(&changed, Some(basic(&provider)), NOW);
        assert_eq!(result, Err(DemoError::Grant), "{name}");
    }
    let late = NOW.plus(core::time::Duration::from_mins(1));
    let result = provider.exchange(&form(&code(&provider)), Some(basic(&provider)), late);
    assert_eq!(result, Err(DemoError::Grant));
}

#[test]
fn code_is_consumed_even_by_a_failed_exchange() {
    let provider = provider();
    let code = code(&provider);
    provider
        .exchange(&form(&code), Some(basic(&provider)), NOW)
        .expect("tokens");
    assert_eq!(
        provider.exchange(&form(&code), Some(basic(&provider)), NOW),
        Err(DemoError::Grant)
    );

    let code = self::code(&provider);
    let mut wrong = form(&code);
    wrong[3].1 = "another verifier".to_owned();
    assert_eq!(
        provider.exchange(&wrong, Some(basic(&provider)), NOW),
        Err(DemoError::Grant)
    );
    assert_eq!(
        provider.exchange(&form(&code), Some(basic(&provider)), NOW),
        Err(DemoError::Grant)
    );
}

#[test]
fn client_must_authenticate_by_exactly_one_method() {
    let provider = provider();
    let secret = provider.client_secret.expose_secret().to_owned();
    let posted = [
        ("client_id", "latchkey-demo"),
        ("client_secret", secret.as_str()),
    ];
    let with = |more: &[(&str, &str)]| {
        let mut form = form(&code(&provider));
        form.extend(pairs(more));
        form
    };
    for (form, basic) in [
        (with(&[]), None),
        (with(&[]), Some(("latchkey-demo", "wrong"))),
        (with(&[]), Some(("other", secret.as_str()))),
        (with(&posted[..1]), None),
        (with(&[posted[0], ("client_secret", "")]), None),
        (with(&posted), Some(("latchkey-demo", secret.as_str()))),
        (
            with(&[("client_id", "other")]),
            Some(("latchkey-demo", secret.as_str())),
        ),
    ] {
        assert_eq!(provider.exchange(&form, basic, NOW), Err(DemoError::Client));
    }
    provider
        .exchange(&with(&posted), None, NOW)
        .expect("posted");
    provider
        .exchange(&with(&posted[..1]), Some(basic(&provider)), NOW)
        .expect("basic");
}

#[test]
fn unsupported_grants_and_missing_parameters_are_refused() {
    let provider = provider();
    let mut other = form("x");
    other[0].1 = "password".to_owned();
    assert_eq!(
        provider.exchange(&other, Some(basic(&provider)), NOW),
        Err(DemoError::GrantType)
    );
    for missing in ["grant_type", "code", "redirect_uri", "code_verifier"] {
        let mut form = form("x");
        form.retain(|(name, _)| name != missing);
        let result = provider.exchange(&form, Some(basic(&provider)), NOW);
        assert_eq!(
            result.map_err(DemoError::code),
            Err("invalid_request"),
            "{missing}"
        );
    }
}

#[test]
fn subject_depends_only_on_the_normalized_address() {
    let claims = |email: &str| {
        let provider = provider();
        let url = provider
            .approve(&request(&provider), email, NOW)
            .expect("approved");
        let code = parameter(&url, "code").expect("a code");
        let tokens = provider
            .exchange(&form(&code), Some(basic(&provider)), NOW)
            .expect("tokens");
        let access_token = tokens["access_token"]
            .as_str()
            .expect("an access token")
            .to_owned();
        let late = NOW.plus(core::time::Duration::from_mins(5));
        assert_eq!(
            provider.userinfo(&access_token, late),
            Err(DemoError::AccessToken)
        );
        assert_eq!(provider.userinfo("x", NOW), Err(DemoError::AccessToken));
        provider.userinfo(&access_token, NOW).expect("userinfo")
    };
    let ada = claims("ada@example.com");
    assert_eq!(ada, claims(" Ada@Example.COM "));
    assert_eq!(
        (&ada["name"], &ada["email_verified"]),
        (&"Ada Lovelace".into(), &true.into())
    );
    assert_ne!(ada["sub"], claims("grace@example.com")["sub"]);
    assert_eq!(
        claims("mary.jackson+nasa@example.org")["name"],
        "Mary Jackson"
    );
    assert_eq!(claims("__@example.org")["name"], "__@example.org");
}

#[test]
fn security_30_only_the_public_key_is_published() {
    let keys = provider().jwks();
    let key = &keys["keys"][0];
    assert_eq!(
        (&key["kty"], &key["alg"], &key["use"]),
        (&"EC".into(), &"ES256".into(), &"sig".into())
    );
    assert!(key["kid"].is_string());
    for private in ["d", "p", "q", "k"] {
        assert!(key.get(private).is_none(), "{private}");
    }
}
