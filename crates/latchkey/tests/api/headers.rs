//! The headers of every response, and what other sites can do with a browser.

use reqwest::{Method, Response};

use crate::app::TestApp;
use latchkey_testing::{ScriptedProvider, header};

/// What is on every answer, whatever came of the request.
const FIXED: [(&str, &str); 4] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];
const HSTS: &str = "strict-transport-security";

fn check(answer: &Response, what: &str) {
    check_all(answer, what, FIXED);
}

fn check_all<const N: usize>(answer: &Response, what: &str, fixed: [(&str, &str); N]) {
    for (name, value) in fixed {
        assert_eq!(header(answer, name), value, "{what}");
    }
    assert!(!header(answer, "permissions-policy").is_empty(), "{what}");
    let policy = header(answer, "content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{what}: {policy}");
    assert!(
        policy.contains("frame-ancestors 'none'"),
        "{what}: {policy}"
    );
}

#[tokio::test]
async fn security_63_headers_are_on_every_answer_errors_too() {
    let app = TestApp::start().await;
    let cases = [
        (Method::GET, "/", 404),
        (Method::GET, "/nothing/here", 404),
        (Method::GET, "/healthz", 200),
        (Method::GET, "/readyz", 200),
        (Method::GET, "/api/", 200),
        (Method::GET, "/api/me", 401),
        (Method::GET, "/api/nothing", 404),
        (Method::DELETE, "/api/me", 405),
        (Method::GET, "/auth/login?provider=demo", 303),
        (Method::GET, "/auth/login?provider=nobody", 400),
        (Method::GET, "/auth/providers", 200),
        (Method::GET, "/auth/token", 405),
        (Method::POST, "/auth/token", 400),
        (Method::POST, "/auth/logout", 401),
        (Method::POST, "/auth/nothing", 404),
        (Method::GET, "/.well-known/nothing", 404),
        (Method::GET, "/demo/.well-known/openid-configuration", 200),
        (Method::GET, "/demo/authorize", 400),
    ];
    for (method, path, status) in cases {
        let what = format!("{method} {path}");
        let request = app.http.request(method, format!("{}{path}", app.url));
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), status, "{what}");
        check(&answer, &what);
        // Over plain http it would mean nothing.
        assert_eq!(header(&answer, HSTS), "", "{what}");
    }
}

#[tokio::test]
async fn security_63_https_is_insisted_upon_where_people_use_it() {
    let provider = ScriptedProvider::start().await;
    let config = "public_url = \"https://id.example.com\"\n".to_owned() + &provider.section("a");
    let app = TestApp::with(&config).await;
    for path in [
        "/api/",
        "/api/me",
        "/api/nothing",
        "/nothing",
        "/auth/login?provider=a",
    ] {
        let answer = app.get(path).send().await.expect("an answer");
        assert_eq!(header(&answer, HSTS), "max-age=31536000", "{path}");
        check(&answer, path);
    }
}

#[tokio::test]
async fn security_63_subdomains_are_included_only_on_request_and_loopback_never() {
    const SUBDOMAINS: &str = "hsts_include_subdomains = true\n";
    for (public_url, expected) in [
        (
            "https://id.example.com",
            "max-age=31536000; includeSubDomains",
        ),
        ("https://localhost:7443", ""),
        ("https://latchkey.localhost", ""),
        ("https://127.0.0.1:7443", ""),
        ("https://[::1]:7443", ""),
    ] {
        let app = TestApp::with(&format!("public_url = \"{public_url}\"\n{SUBDOMAINS}")).await;
        let answer = app.get("/api/").send().await.expect("an answer");
        assert_eq!(header(&answer, HSTS), expected, "{public_url}");
    }
}

#[tokio::test]
async fn keys_and_metadata_can_be_read_by_pages_of_any_origin() {
    let app = TestApp::start().await;
    for path in [
        "/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server",
    ] {
        let request = app.get(path).header("origin", "https://app.example.com");
        let answer = request.send().await.expect("an answer");
        assert_eq!(header(&answer, "access-control-allow-origin"), "*");
        let [sniffing, referrer, opener, _] = FIXED;
        let shared = ("cross-origin-resource-policy", "cross-origin");
        check_all(&answer, path, [sniffing, referrer, opener, shared]);
    }
    let answer = app.get("/.well-known/nothing").header("origin", "null");
    uninvited(&answer.send().await.expect("an answer"), "an error");
}

#[tokio::test]
async fn what_is_about_a_person_is_in_no_cache() {
    let app = TestApp::start().await;
    let token = app.sign_in().await.access_token;
    for path in [
        "/api/",
        "/api/me",
        "/api/protected",
        "/api/sessions",
        "/api/activity",
        "/api/events",
        "/auth/providers",
    ] {
        let answer = app.get_as(path, &token).await;
        assert_eq!(header(&answer, "cache-control"), "no-store", "{path}");
    }
    let begun = app.get("/auth/login?provider=demo").send().await;
    assert_eq!(
        header(&begun.expect("an answer"), "cache-control"),
        "no-store"
    );
}

#[tokio::test]
async fn security_64_no_other_origin_is_let_in() {
    let app = TestApp::start().await;
    let token = app.sign_in().await.access_token;
    for origin in ["https://evil.example", "null", "http://localhost:3000"] {
        let preflight = app
            .http
            .request(Method::OPTIONS, format!("{}/api/me", app.url))
            .header("origin", origin)
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "authorization");
        let request = app
            .get("/api/me")
            .bearer_auth(&token)
            .header("origin", origin);
        for request in [preflight, request] {
            let answer = request.send().await.expect("an answer");
            uninvited(&answer, origin);
        }
        for path in ["/api/sessions", "/api/activity", "/api/events"] {
            let request = app.get(path).bearer_auth(&token).header("origin", origin);
            uninvited(&request.send().await.expect("an answer"), path);
        }
    }
}

/// Lets no page of another origin read it.
fn uninvited(answer: &Response, what: &str) {
    let named = |name: &str| answer.headers().contains_key(name);
    assert!(!named("access-control-allow-origin"), "{what}");
    assert!(!named("access-control-allow-credentials"), "{what}");
}

#[tokio::test]
async fn security_65_a_form_on_another_site_changes_nothing() {
    let app = TestApp::start().await;
    let signed_in = app.sign_in().await;
    let begun = app.begin("demo").await;
    let callback = app.approve(&begun, "ada@example.com").await;
    let sub = crate::app::claims(&signed_in.access_token)["sub"].clone();
    let ban = format!("/api/admin/users/{}/ban", sub.as_str().expect("text"));
    // What another site can make a browser send: forms, and at most the Lax cookie, never a token.
    for path in [
        "/auth/logout",
        "/auth/token",
        "/auth/refresh",
        "/auth/revoke",
        "/api/sessions",
        "/api/admin/sessions",
        &ban,
    ] {
        for media_type in [
            "application/x-www-form-urlencoded",
            "text/plain",
            "multipart/form-data",
        ] {
            let request = app
                .post(path)
                .header("origin", "https://evil.example")
                .header("cookie", &begun.cookie)
                .header("content-type", media_type)
                .body("everywhere=true&grant_type=refresh_token");
            let answer = request.send().await.expect("an answer");
            assert!(answer.status().is_client_error(), "{path} {media_type}");
        }
    }
    assert_eq!(app.check(&signed_in.access_token).await, Ok(()));
    app.refreshed(&signed_in.refresh_token).await;
    assert_eq!(app.finish(&begun.cookie, &callback).await.status(), 200);
}
