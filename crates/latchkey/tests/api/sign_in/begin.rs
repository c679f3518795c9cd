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
    assert_eq!(pairs, query.len(), "a parameter comes twice");
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
async fn security_2_state_nonce_and_verifier_are_unique_over_10_000_starts_in_process() {
    let app = TestApp::start().await;
    // Discovery is fetched once, before the crowd.
    app.begin("demo").await;
    let mut starts = JoinSet::new();
    for _ in 0..100 {
        let state = app.state.clone();
        starts.spawn(async move {
            let mut secrets = Vec::new();
            for _ in 0..100 {
                let start = Start {
                    provider: "demo",
                    return_to: ReturnTo::account(),
                    prompt: Prompt::SelectAccount,
                    max_age: None,
                    account: None,
                    login_hint: None,
                    address: None,
                };
                let begun = begin_sign_in::begin(&state, start).await.expect("begun");
                let url = Url::parse(&begun.url).expect("a URL");
                let random = ["state", "nonce", "code_challenge"];
                let pairs = url.query_pairs().into_owned();
                let chosen = pairs.filter(|(name, _)| random.contains(&&**name));
                secrets.extend(chosen.map(|(_, value)| value));
                secrets.push(begun.flow.id.to_string());
            }
            secrets
        });
    }
    let secrets: Vec<String> = starts.join_all().await.into_iter().flatten().collect();
    assert_eq!(secrets.len(), 40_000);
    // 128 bits are 22 characters.
    assert!(secrets.iter().all(|secret| secret.len() >= 22));
    assert_eq!(secrets.iter().collect::<BTreeSet<_>>().len(), 40_000);
}

#[tokio::test]
async fn security_14_return_to_leads_nowhere_else() {
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
        let answer = start(&app, elsewhere).await;
        assert_eq!(
            code(answer).await,
            (400, "invalid_return_to".into()),
            "{elsewhere}"
        );
    }
    // A path of our own comes back as it went in.
    let ours = "/playground?tab=2&q=%C3%A9#end";
    let answer = start(&app, ours).await;
    let begun = latchkey_testing::Begun {
        cookie: cookie(&answer),
        authorize: location(&answer),
    };
    let callback = app.approve(&begun, "ada@example.com").await;
    let finished = tokens(app.finish(&begun.cookie, &callback).await).await;
    assert_eq!(finished.return_to.as_deref(), Some(ours));
}

async fn start(app: &TestApp, return_to: &str) -> reqwest::Response {
    let query = [("provider", "demo"), ("return_to", return_to)];
    let url = Url::parse_with_params(&format!("{}/auth/login", app.url), query);
    let request = app.http.get(url.expect("a URL"));
    request.send().await.expect("an answer")
}

#[tokio::test]
async fn security_17_a_start_inside_a_frame_is_refused() {
    let app = TestApp::start().await;
    for dest in ["iframe", "frame", "embed", "object"] {
        let request = app.get("/auth/login?provider=demo");
        let request = request.header("sec-fetch-dest", dest);
        let answer = request.header("accept", "text/html").send().await;
        let answer = answer.expect("an answer");
        let policy = header(&answer, "content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(header(&answer, "set-cookie"), "");
        assert_eq!(code(answer).await, (403, "framed".into()), "{dest}");
    }
    let request = app.get("/auth/login?provider=demo");
    let answer = request.header("sec-fetch-dest", "document").send().await;
    assert_eq!(answer.expect("an answer").status(), 303);
}

#[tokio::test]
async fn security_91_pages_of_other_hosts_cannot_start_sign_ins_unseen() {
    let app = TestApp::start().await;
    for (site, dest, status) in [
        ("cross-site", "empty", 403),
        ("cross-site", "image", 403),
        // Another host of the same site may belong to somebody else.
        ("same-site", "image", 403),
        ("same-site", "empty", 403),
        ("same-site", "script", 403),
        ("", "image", 403),
        // A link, or the provider sends the person here.
        ("cross-site", "document", 303),
        ("same-site", "document", 303),
        ("none", "document", 303),
        ("same-origin", "empty", 303),
    ] {
        let request = app.get("/auth/login?provider=demo");
        let request = request.header("sec-fetch-site", site);
        let answer = request.header("sec-fetch-dest", dest).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), status, "{site} {dest}");
        assert_eq!(header(&answer, "set-cookie").is_empty(), status == 403);
    }
}

#[tokio::test]
async fn security_91_a_page_cannot_have_a_sign_in_begun_in_advance() {
    let app = TestApp::start().await;
    for purpose in [
        "prefetch",
        "prefetch;prerender",
        "prefetch;anonymous-client-ip",
    ] {
        let request = app.get("/auth/login?provider=demo");
        let request = request.header("sec-fetch-dest", "document");
        let answer = request.header("sec-purpose", purpose).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 403, "{purpose}");
        assert!(header(&answer, "set-cookie").is_empty(), "{purpose}");
    }
}

#[tokio::test]
async fn security_66_the_flow_cookie_is_http_only_lax_and_short_lived() {
    let app = TestApp::start().await;
    let answer = app.get("/auth/login?provider=demo").send().await;
    let answer = answer.expect("an answer");
    let (name, attributes) = set_cookie(&answer);
    assert!(name.starts_with("latchkey-flow-"), "{name}");
    assert_eq!(
        attributes,
        ["HttpOnly", "Max-Age=600", "Path=/", "SameSite=Lax"]
    );

    // Once it has served, it is gone.
    let begun = app.begin("demo").await;
    let callback = app.approve(&begun, "ada@example.com").await;
    let answer = app.finish(&begun.cookie, &callback).await;
    let (name, attributes) = set_cookie(&answer);
    assert!(name.starts_with("latchkey-flow-"), "{name}");
    assert_eq!(
        attributes,
        ["HttpOnly", "Max-Age=0", "Path=/", "SameSite=Lax"]
    );
}

#[tokio::test]
async fn security_66_behind_https_the_flow_cookie_is_bound_to_its_host() {
    let provider = ScriptedProvider::start().await;
    let config = "public_url = \"https://id.example.com\"\n".to_owned() + &provider.section("a");
    let app = TestApp::with(&config).await;
    let answer = app.get("/auth/login?provider=a").send().await;
    let answer = answer.expect("an answer");
    let (name, attributes) = set_cookie(&answer);
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
    // The name without the prefix, which another host could set, is not listened to.
    let begun = app.begin("a").await;
    let callback = provider.approve(&begun);
    let plain = begun.cookie.trim_start_matches("__Host-");
    let answer = app.finish(plain, &callback).await;
    assert_eq!(code(answer).await, (400, "sign_in_not_found".into()));
    tokens(app.finish(&begun.cookie, &callback).await).await;
}

/// The cookie's name and its attributes, sorted.
fn set_cookie(answer: &reqwest::Response) -> (&str, Vec<&str>) {
    let mut parts = header(answer, "set-cookie").split("; ");
    let (name, _) = parts
        .next()
        .and_then(|pair| pair.split_once('='))
        .expect("a cookie");
    let mut attributes: Vec<_> = parts.collect();
    attributes.sort_unstable();
    (name, attributes)
}

#[tokio::test]
async fn an_unknown_provider_is_told_to_programs_and_shown_to_people() {
    let app = TestApp::start().await;
    for name in ["nobody", "Demo", "demo%00"] {
        let path = format!("/auth/login?provider={name}");
        let program = app.get(&path).send().await.expect("an answer");
        assert_eq!(code(program).await, (400, "unknown_provider".into()));
        let person = app.get(&path).header("accept", "text/html").send().await;
        let person = person.expect("an answer");
        assert_eq!(person.status(), 303);
        assert_eq!(
            header(&person, "location"),
            "/callback?error=unknown_provider"
        );
    }
    let none = app.get("/auth/login").send().await.expect("an answer");
    assert_eq!(code(none).await, (400, "invalid_request".into()));
}

#[tokio::test]
async fn security_15_a_provider_that_hangs_hangs_nobody_else() {
    // The system accepts connections to it; nobody ever answers them.
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
    let (program, person) = (start("*/*"), start("text/html,*/*;q=0.8"));
    // Meanwhile everybody else goes on.
    app.get_json("/api/").await;
    app.sign_in().await;
    // They did not wait for it, which takes three seconds.
    assert!(!program.is_finished());

    let program = program.await.expect("done").expect("an answer");
    let person = person.await.expect("done").expect("an answer");
    assert_eq!(header(&program, "retry-after"), "2");
    assert_eq!(code(program).await, (503, "provider_unavailable".into()));
    assert_eq!(person.status(), 303);
    assert_eq!(
        header(&person, "location"),
        "/callback?error=temporarily_unavailable"
    );
}
