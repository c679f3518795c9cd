//! How clients send an access token (RFC 6750), and the challenges of refusals.

use std::time::Duration;

use serde_json::Value;

use crate::app::TestApp;
use latchkey_testing::{code, header};

#[tokio::test]
async fn security_27_a_token_in_the_query_the_body_or_a_cookie_is_ignored() {
    let app = TestApp::start().await;
    let token = app.sign_in().await.access_token;

    let query = format!("/api/protected?access_token={token}");
    let response = app.get(&query).send().await.expect("a response");
    assert_eq!(code(response).await, (401, "token_missing".into()));

    for name in ["access_token", "latchkey-flow", "token"] {
        let request = app.get("/api/protected");
        let response = request.header("cookie", format!("{name}={token}")).send();
        let response = response.await.expect("a response");
        assert_eq!(code(response).await, (401, "token_missing".into()));
    }

    let request = app.post("/auth/logout").form(&[("access_token", &token)]);
    let response = request.send().await.expect("a response");
    assert_eq!(code(response).await, (401, "token_missing".into()));
    assert_eq!(app.check(&token).await, Ok(()));
}

#[tokio::test]
async fn security_28_a_malformed_or_repeated_authorization_is_refused() {
    let app = TestApp::start().await;
    let token = app.sign_in().await.access_token;
    let bearer = format!("Bearer {token}");
    let query = format!("/api/protected?access_token={token}");
    let requests = [
        app.get(&query).header("authorization", &bearer),
        app.get("/api/protected")
            .header("authorization", &bearer)
            .header("authorization", &bearer),
        app.get("/api/protected")
            .header("authorization", "Basic bGF0Y2hrZXk6")
            .header("authorization", &bearer),
        app.get("/api/protected").header("authorization", "Bearer"),
        app.get("/api/protected")
            .header("authorization", format!("{bearer} {token}")),
        app.get("/api/protected")
            .header("authorization", format!("{bearer}, {bearer}")),
    ];
    for request in requests {
        let response = request.send().await.expect("a response");
        assert_eq!(code(response).await, (400, "invalid_request".into()));
    }
    // The scheme's case does not matter (RFC 9110 §11.1).
    let request = app.get("/api/protected");
    let response = request.header("authorization", format!("bearer {token}"));
    assert_eq!(response.send().await.expect("a response").status(), 200);
}

#[tokio::test]
async fn security_28_every_refusal_has_its_challenge() {
    let app = TestApp::start().await;
    let tokens = app.sign_in().await;
    let challenge = |description: &str| {
        format!(
            "Bearer realm=\"latchkey\", error=\"invalid_token\", \
             error_description=\"The access token {description}\""
        )
    };

    // A request without a token gets a challenge without an error code.
    for request in [
        app.get("/api/protected"),
        app.get("/api/protected").basic_auth("ada", Some("secret")),
    ] {
        let response = request.send().await.expect("a response");
        assert_eq!(
            header(&response, "www-authenticate"),
            "Bearer realm=\"latchkey\""
        );
        assert_eq!(
            header(&response, "content-type"),
            "application/problem+json"
        );
        assert_eq!(code(response).await, (401, "token_missing".into()));
    }
    let invalid = app.get_as("/api/protected", "bad").await;
    assert_eq!(
        header(&invalid, "www-authenticate"),
        challenge("is invalid")
    );
    app.revoke(&tokens.access_token).await;
    let revoked = app.get_as("/api/protected", &tokens.access_token).await;
    assert_eq!(
        header(&revoked, "www-authenticate"),
        challenge("was revoked")
    );
    app.clock.advance(Duration::from_mins(10));
    let expired = app.get_as("/api/protected", &tokens.access_token).await;
    assert_eq!(header(&expired, "www-authenticate"), challenge("expired"));

    let problem: Value = expired.json().await.expect("JSON");
    assert!(
        problem["request_id"]
            .as_str()
            .is_some_and(|id| !id.is_empty())
    );
    assert_eq!(problem["status"], 401);
}
