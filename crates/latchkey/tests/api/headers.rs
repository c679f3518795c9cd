//! Headers of every response, and what another site can make a browser do.

use reqwest::{Method, Response};

use crate::app::TestApp;
use latchkey_testing::{ScriptedProvider, header};

/// Headers of every response, whatever its status. Only the last one differs for public keys and
/// metadata.
const FIXED: [(&str, &str); 4] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];
const HSTS: &str = "strict-transport-security";

fn check(response: &Response, what: &str) {
    check_all(response, what, FIXED);
}

fn check_all<const N: usize>(response: &Response, what: &str, fixed: [(&str, &str); N]) {
    for (name, value) in fixed {
        assert_eq!(header(response, name), value, "{what}");
    }
    assert!(!header(response, "permissions-policy").is_empty(), "{what}");
    let policy = header(response, "content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{what}: {policy}");
    assert!(
        policy.contains("frame-ancestors 'none'"),
        "{what}: {policy}"
    );
}

#[tokio::test]
async fn security_63_every_response_has_the_security_headers() {
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
        let response = request.send().await.expect("a response");
        assert_eq!(response.status(), status, "{what}");
        check(&response, &what);
        // HSTS has no effect over plain HTTP.
        assert_eq!(header(&response, HSTS), "", "{what}");
    }
}

#[tokio::test]
async fn security_63_hsts_is_sent_if_the_public_url_is_https() {
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
        let response = app.get(path).send().await.expect("a response");
        assert_eq!(header(&response, HSTS), "max-age=31536000", "{path}");
        check(&response, path);
    }
}

#[tokio::test]
async fn security_63_hsts_includes_subdomains_only_if_configured_and_never_covers_loopback() {
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
        let response = app.get("/api/").send().await.expect("a response");
        assert_eq!(header(&response, HSTS), expected, "{public_url}");
    }
}

#[tokio::test]
async fn pages_of_any_origin_can_read_keys_and_metadata() {
    let app = TestApp::start().await;
    for path in [
        "/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server",
    ] {
        let request = app.get(path).header("origin", "https://app.example.com");
        let response = request.send().await.expect("a response");
        assert_eq!(header(&response, "access-control-allow-origin"), "*");
        let [sniffing, referrer, opener, _] = FIXED;
        let shared = ("cross-origin-resource-policy", "cross-origin");
        check_all(&response, path, [sniffing, referrer, opener, shared]);
    }
    let response = app.get("/.well-known/nothing").header("origin", "null");
    assert_no_cors(&response.send().await.expect("a response"), "an error");
}

#[tokio::test]
async fn user_specific_responses_are_not_cached() {
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
        let response = app.get_as(path, &token).await;
        assert_eq!(header(&response, "cache-control"), "no-store", "{path}");
    }
    let begun = app.get("/auth/login?provider=demo").send().await;
    assert_eq!(
        header(&begun.expect("a response"), "cache-control"),
        "no-store"
    );
}

#[tokio::test]
async fn security_64_other_origins_get_no_cors_headers() {
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
            let response = request.send().await.expect("a response");
            assert_no_cors(&response, origin);
        }
        for path in ["/api/sessions", "/api/activity", "/api/events"] {
            let request = app.get(path).bearer_auth(&token).header("origin", origin);
            assert_no_cors(&request.send().await.expect("a response"), path);
        }
    }
}

/// Asserts that no page of another origin can read the response.
fn assert_no_cors(response: &Response, what: &str) {
    let has = |name: &str| response.headers().contains_key(name);
    assert!(!has("access-control-allow-origin"), "{what}");
    assert!(!has("access-control-allow-credentials"), "{what}");
}

#[tokio::test]
async fn security_65_a_form_on_another_site_changes_nothing() {
    let app = TestApp::start().await;
    let signed_in = app.sign_in().await;
    let begun = app.begin("demo").await;
    let callback = app.approve(&begun, "ada@example.com").await;
    let sub = crate::app::claims(&signed_in.access_token)["sub"].clone();
    let ban = format!("/api/admin/users/{}/ban", sub.as_str().expect("text"));
    // Another site can make a browser send forms and, at most, the Lax cookie; never a token.
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
            let response = request.send().await.expect("a response");
            assert!(response.status().is_client_error(), "{path} {media_type}");
        }
    }
    assert_eq!(app.check(&signed_in.access_token).await, Ok(()));
    app.refreshed(&signed_in.refresh_token).await;
    assert_eq!(app.finish(&begun.cookie, &callback).await.status(), 200);
}
