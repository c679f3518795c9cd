//! `GET /auth/login`.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use latchkey_axum::use_cases::begin_sign_in::{self, Start};
use latchkey_core::ReturnTo;
use latchkey_identity::Prompt;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

use crate::app::TestApp;
use latchkey_testing::{ScriptedProvider, code, cookie, header, location, tokens};

#[tokio::test]
async fn security_1_a_start_sends_code_s256_state_nonce_and_the_exact_redirect_uri() {
    let app = TestApp::start().await;
    let begun = app.begin("demo").await;
    let mut query: BTreeMap<String, String> = begun.authorize.query_pairs().into_owned().collect();
    assert!(
        begun
            .authorize
            .as_str()
            .starts_with(&format!("{}/demo/authorize?", app.url))
    );
    let pairs = begun.authorize.query_pairs().count();
    assert_eq!(pairs, query.len(), "a parameter is repeated");
    for (name, bytes) in [("state", 32), ("nonce", 32), ("code_challenge", 32)] {
        let value = query.remove(name).expect(name);
        assert_eq!(B64.decode(value).expect("base64url").len(), bytes, "{name}");
    }
    let expected = [
        ("client_id", "latchkey-demo"),
        ("code_challenge_method", "S256"),
        ("prompt", "select_account"),
        ("redirect_uri", &*format!("{}/callback/demo", app.url)),
        ("response_type", "code"),
        ("scope", "openid email profile"),
    ];
    let rest: Vec<_> = query
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    assert_eq!(rest, expected);
}

#[tokio::test]
async fn security_2_state_nonce_and_verifier_are_unique_over_10_000_starts() {
    let app = TestApp::start().await;
    // Fetch discovery once, before the concurrent starts.
    app.begin("demo").await;
    let mut starts = JoinSet::new();
    for _ in 0..100 {
        let state = app.state.clone();
        starts.spawn(async move {
            let mut secrets = Vec::new();
            for _ in 0..100 {
                let start = Start {
                    device: latchkey_core::Device::default(),
                    provider: "demo",
                    return_to: ReturnTo::account(),
                    prompt: Prompt::SelectAccount,
                    max_age: None,
                    account: None,
                    link: None,
                    login_hint: None,
                    address: None,
                };
                let begun = begin_sign_in::begin(&state, start).await.expect("begun");
                let url = Url::parse(&begun.url).expect("a URL");
                let random = ["state", "nonce", "code_challenge"];
                let pairs = url.query_pairs().into_owned();
                let values = pairs.filter(|(name, _)| random.contains(&&**name));
                secrets.extend(values.map(|(_, value)| value));
                secrets.push(begun.flow.id.to_string());
            }
            secrets
        });
    }
    let secrets: Vec<String> = starts.join_all().await.into_iter().flatten().collect();
    assert_eq!(secrets.len(), 40_000);
    // 128 bits are 22 characters in base64url.
    assert!(secrets.iter().all(|secret| secret.len() >= 22));
    assert_eq!(secrets.iter().collect::<BTreeSet<_>>().len(), 40_000);
}

#[tokio::test]
async fn security_14_return_to_stays_on_this_server() {
    let app = TestApp::start().await;
    for elsewhere in [
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%5Cevil.example",
        "/%2Fevil.example",
        "/%2f%2fevil.example",
        "/%252F/evil.example",
        "/a/..//evil.example",
        "/../..//evil.example",
        "/\tevil.example",
        "/\r\nset-cookie: a=b",
        "javascript:alert(1)",
        "account",
        "@evil.example",
        "/auth/login?provider=demo",
        "/callback",
        "/callback/demo",
    ] {
        let response = start(&app, elsewhere).await;
        assert_eq!(
            code(response).await,
            (400, "invalid_return_to".into()),
            "{elsewhere}"
        );
    }
    // A path on this server is returned unchanged.
    let ours = "/playground?tab=2&q=%C3%A9#end";
    let response = start(&app, ours).await;
    let begun = latchkey_testing::PendingSignIn {
        cookie: cookie(&response),
        authorize: location(&response),
    };
    let callback = app.approve(&begun, "ada@example.com").await;
    let finished = tokens(app.finish(&begun.cookie, &callback).await).await;
    assert_eq!(finished.return_to.as_deref(), Some(ours));
}

async fn start(app: &TestApp, return_to: &str) -> reqwest::Response {
    let query = [("provider", "demo"), ("return_to", return_to)];
    let url = Url::parse_with_params(&format!("{}/auth/login", app.url), query);
    let request = app.http.get(url.expect("a URL"));
    request.send().await.expect("a response")
}

#[tokio::test]
async fn security_17_a_start_inside_a_frame_is_refused() {
    let app = TestApp::start().await;
    for dest in ["iframe", "frame", "embed", "object"] {
        let request = app.get("/auth/login?provider=demo");
        let request = request.header("sec-fetch-dest", dest);
        let response = request.header("accept", "text/html").send().await;
        let response = response.expect("a response");
        let policy = header(&response, "content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(header(&response, "set-cookie"), "");
        assert_eq!(code(response).await, (403, "framed".into()), "{dest}");
    }
    let request = app.get("/auth/login?provider=demo");
    let response = request.header("sec-fetch-dest", "document").send().await;
    assert_eq!(response.expect("a response").status(), 303);
}

#[tokio::test]
async fn security_91_subresource_requests_from_other_hosts_cannot_start_sign_ins() {
    let app = TestApp::start().await;
    for (site, dest, status) in [
        ("cross-site", "empty", 403),
        ("cross-site", "image", 403),
        // Another host of the same site may have a different owner.
        ("same-site", "image", 403),
        ("same-site", "empty", 403),
        ("same-site", "script", 403),
        ("", "image", 403),
        // A link, or the provider's redirect, leads the browser here.
        ("cross-site", "document", 303),
        ("same-site", "document", 303),
        ("none", "document", 303),
        ("same-origin", "empty", 303),
    ] {
        let request = app.get("/auth/login?provider=demo");
        let request = request.header("sec-fetch-site", site);
        let response = request.header("sec-fetch-dest", dest).send().await;
        let response = response.expect("a response");
        assert_eq!(response.status(), status, "{site} {dest}");
        assert_eq!(header(&response, "set-cookie").is_empty(), status == 403);
    }
}

#[tokio::test]
async fn security_91_prefetch_requests_cannot_start_sign_ins() {
    let app = TestApp::start().await;
    for purpose in [
        "prefetch",
        "prefetch;prerender",
        "prefetch;anonymous-client-ip",
    ] {
        let request = app.get("/auth/login?provider=demo");
        let request = request.header("sec-fetch-dest", "document");
        let response = request.header("sec-purpose", purpose).send().await;
        let response = response.expect("a response");
        assert_eq!(response.status(), 403, "{purpose}");
        assert!(header(&response, "set-cookie").is_empty(), "{purpose}");
    }
}

#[tokio::test]
async fn security_66_the_flow_cookie_is_http_only_lax_and_short_lived() {
    let app = TestApp::start().await;
    let response = app.get("/auth/login?provider=demo").send().await;
    let response = response.expect("a response");
    let (name, attributes) = set_cookie(&response);
    assert!(name.starts_with("latchkey-flow-"), "{name}");
    assert_eq!(
        attributes,
        ["HttpOnly", "Max-Age=600", "Path=/", "SameSite=Lax"]
    );

    // The callback deletes the cookie.
    let begun = app.begin("demo").await;
    let callback = app.approve(&begun, "ada@example.com").await;
    let response = app.finish(&begun.cookie, &callback).await;
    let (name, attributes) = set_cookie(&response);
    assert!(name.starts_with("latchkey-flow-"), "{name}");
    assert_eq!(
        attributes,
        ["HttpOnly", "Max-Age=0", "Path=/", "SameSite=Lax"]
    );
}

#[tokio::test]
async fn security_66_with_https_the_flow_cookie_has_the_host_prefix() {
    let provider = ScriptedProvider::start().await;
    let config = "public_url = \"https://id.example.com\"\n".to_owned() + &provider.section("a");
    let app = TestApp::with(&config).await;
    let response = app.get("/auth/login?provider=a").send().await;
    let response = response.expect("a response");
    let (name, attributes) = set_cookie(&response);
    assert!(name.starts_with("__Host-latchkey-flow-"), "{name}");
    assert_eq!(
        attributes,
        [
            "HttpOnly",
            "Max-Age=600",
            "Path=/",
            "SameSite=Lax",
            "Secure"
        ]
    );
    // A cookie without the prefix, which another host could set, is ignored.
    let begun = app.begin("a").await;
    let callback = provider.approve(&begun);
    let plain = begun.cookie.trim_start_matches("__Host-");
    let response = app.finish(plain, &callback).await;
    assert_eq!(code(response).await, (400, "sign_in_not_found".into()));
    tokens(app.finish(&begun.cookie, &callback).await).await;
}

/// The cookie's name and its attributes, sorted.
fn set_cookie(response: &reqwest::Response) -> (&str, Vec<&str>) {
    let mut parts = header(response, "set-cookie").split("; ");
    let (name, _) = parts
        .next()
        .and_then(|pair| pair.split_once('='))
        .expect("a cookie");
    let mut attributes: Vec<_> = parts.collect();
    attributes.sort_unstable();
    (name, attributes)
}

#[tokio::test]
async fn an_unknown_provider_is_an_error_for_programs_and_a_redirect_for_browsers() {
    let app = TestApp::start().await;
    for name in ["nobody", "Demo", "demo%00"] {
        let path = format!("/auth/login?provider={name}");
        let program = app.get(&path).send().await.expect("a response");
        assert_eq!(code(program).await, (400, "unknown_provider".into()));
        let browser = app.get(&path).header("accept", "text/html").send().await;
        let browser = browser.expect("a response");
        assert_eq!(browser.status(), 303);
        assert_eq!(
            header(&browser, "location"),
            "/callback?error=unknown_provider"
        );
    }
    let none = app.get("/auth/login").send().await.expect("a response");
    assert_eq!(code(none).await, (400, "invalid_request".into()));
}

#[tokio::test]
async fn security_15_a_provider_that_hangs_delays_only_its_own_sign_ins() {
    // The kernel accepts connections to this port, but nothing ever responds.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let issuer = format!("http://{}", silent.local_addr().expect("an address"));
    let app = TestApp::with(&format!(
        "demo = true\n{}",
        ScriptedProvider::section_of("slow", &issuer)
    ))
    .await;
    let start = |accept: &str| {
        let request = app
            .get("/auth/login?provider=slow")
            .header("accept", accept);
        tokio::spawn(request.send())
    };
    let (program, browser) = (start("*/*"), start("text/html,*/*;q=0.8"));
    // Requests that do not need this provider still succeed.
    app.get_json("/api/").await;
    app.sign_in().await;
    // They did not wait for the provider's timeout.
    assert!(!program.is_finished());

    let program = program.await.expect("done").expect("a response");
    let browser = browser.await.expect("done").expect("a response");
    assert_eq!(header(&program, "retry-after"), "2");
    assert_eq!(code(program).await, (503, "provider_unavailable".into()));
    assert_eq!(browser.status(), 303);
    assert_eq!(
        header(&browser, "location"),
        "/callback?error=temporarily_unavailable"
    );
}
