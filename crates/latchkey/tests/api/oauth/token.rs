//! The token endpoint: accepted requests, responses and errors.

use crate::app::TestApp;
use latchkey_testing::{code, header, refusal, tokens};

#[tokio::test]
async fn security_19_a_token_response_is_json_and_not_cached() {
    let app = TestApp::start().await;
    let begun = app.begin("demo").await;
    let callback = app.approve(&begun, "ada@example.com").await;
    let response = app.finish(&begun.cookie, &callback).await;
    assert_eq!(header(&response, "content-type"), "application/json");
    assert_eq!(header(&response, "cache-control"), "no-store");
    let signed_in = tokens(response).await;
    assert_eq!(signed_in.token_type, "Bearer");
    assert_eq!(signed_in.expires_in, 600);
    assert_eq!(signed_in.refresh_expires_in, 30 * 24 * 3600);
    assert_eq!(signed_in.return_to.as_deref(), Some("/account"));

    let response = app.refresh(&signed_in.refresh_token, None).await;
    assert_eq!(header(&response, "content-type"), "application/json");
    assert_eq!(header(&response, "cache-control"), "no-store");
    assert_eq!(tokens(response).await.return_to, None);
}

#[tokio::test]
async fn security_20_errors_follow_rfc_6749() {
    let app = TestApp::start().await;
    let cases: [(&[(&str, &str)], &str); 7] = [
        (&[], "invalid_request"),
        (&[("grant_type", "")], "invalid_request"),
        (&[("grant_type", "authorization_code")], "invalid_request"),
        (
            &[("grant_type", "authorization_code"), ("state", "s")],
            "invalid_request",
        ),
        (
            &[
                ("grant_type", "authorization_code"),
                ("state", "s"),
                ("code", "c"),
            ],
            "invalid_grant",
        ),
        (&[("grant_type", "refresh_token")], "invalid_request"),
        (
            &[("grant_type", "refresh_token"), ("refresh_token", "x")],
            "invalid_grant",
        ),
    ];
    for (form, expected) in cases {
        let response = app.token(form).await;
        assert_eq!(header(&response, "content-type"), "application/json");
        assert_eq!(header(&response, "cache-control"), "no-store");
        assert_eq!(refusal(response).await, (400, expected.into()), "{form:?}");
    }
}

#[tokio::test]
async fn security_20_client_credentials_are_refused_with_a_challenge() {
    let app = TestApp::start().await;
    let signed_in = app.sign_in().await;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*signed_in.refresh_token),
    ];
    let request = app
        .post("/auth/token")
        .basic_auth("latchkey", Some("guess"));
    let response = request.form(&form).send().await.expect("a response");
    assert_eq!(
        header(&response, "www-authenticate"),
        "Basic realm=\"latchkey\""
    );
    assert_eq!(refusal(response).await, (401, "invalid_client".into()));

    let form = [&form[..], &[("client_secret", "guess")]].concat();
    assert_eq!(
        refusal(app.token(&form).await).await,
        (401, "invalid_client".into())
    );
    // The refresh token is still unused.
    app.refreshed(&signed_in.refresh_token).await;
}

#[tokio::test]
async fn security_21_the_token_endpoint_accepts_only_forms() {
    let app = TestApp::start().await;
    let signed_in = app.sign_in().await;
    let token = &*signed_in.refresh_token;

    let json = serde_json::json!({ "grant_type": "refresh_token", "refresh_token": token });
    let response = app.post("/auth/token").json(&json).send().await;
    assert_eq!(
        refusal(response.expect("a response")).await,
        (400, "invalid_request".into())
    );

    let query = format!("/auth/token?grant_type=refresh_token&refresh_token={token}");
    let response = app.get(&query).send().await.expect("a response");
    assert_eq!(header(&response, "content-type"), "application/json");
    assert_eq!(code(response).await, (405, "method_not_allowed".into()));

    // Parameters in the URL of a POST request are ignored.
    let response = app.post(&query).form(&[("a", "b")]).send().await;
    assert_eq!(
        refusal(response.expect("a response")).await,
        (400, "invalid_request".into())
    );

    for twice in ["grant_type", "refresh_token", "unknown"] {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("unknown", "1"),
            (twice, "refresh_token"),
        ];
        let response = app.token(&form).await;
        assert_eq!(
            refusal(response).await,
            (400, "invalid_request".into()),
            "{twice}"
        );
    }

    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("unknown", "ignored"),
    ];
    tokens(app.token(&form).await).await;
}

#[tokio::test]
async fn security_22_other_grant_types_are_unsupported() {
    let app = TestApp::start().await;
    for grant in [
        "password",
        "client_credentials",
        "implicit",
        "REFRESH_TOKEN",
        "urn:ietf:params:oauth:grant-type:device_code",
    ] {
        let form = [
            ("grant_type", grant),
            ("username", "ada@example.com"),
            ("password", "secret"),
        ];
        let response = app.token(&form).await;
        assert_eq!(
            refusal(response).await,
            (400, "unsupported_grant_type".into()),
            "{grant}"
        );
    }
}

#[tokio::test]
async fn security_23_a_refresh_cannot_widen_the_scope() {
    let app = TestApp::start().await;
    let signed_in = app.sign_in().await;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*signed_in.refresh_token),
        ("scope", "admin"),
    ];
    let response = app.token(&form).await;
    assert_eq!(refusal(response).await, (400, "invalid_scope".into()));
    // The refresh token is still unused.
    app.refreshed(&signed_in.refresh_token).await;
}

#[tokio::test]
async fn expires_in_can_shorten_the_lifetime_but_not_extend_it() {
    let app = TestApp::start().await;
    let mut signed_in = app.sign_in().await;
    for (requested, granted) in [("5", 5), ("600", 600), ("601", 600), ("99999999999", 600)] {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &*signed_in.refresh_token),
            ("expires_in", requested),
        ];
        signed_in = tokens(app.token(&form).await).await;
        assert_eq!(signed_in.expires_in, granted, "{requested}");
    }
    for invalid in ["0", "-1", "1.5", "soon", "99999999999999999999999"] {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &*signed_in.refresh_token),
            ("expires_in", invalid),
        ];
        let response = app.token(&form).await;
        assert_eq!(
            refusal(response).await,
            (400, "invalid_request".into()),
            "{invalid}"
        );
    }
}

#[tokio::test]
async fn an_idempotency_key_has_a_bounded_length() {
    let app = TestApp::start().await;
    let signed_in = app.sign_in().await;
    let token = &signed_in.refresh_token;
    let long = app.refresh(token, Some(&"k".repeat(256))).await;
    assert_eq!(refusal(long).await, (400, "invalid_request".into()));
    tokens(app.refresh(token, Some(&"k".repeat(255))).await).await;
}
