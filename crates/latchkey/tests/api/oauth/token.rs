//! The token endpoint: what it takes, and how it says yes and no.

use crate::app::TestApp;
use latchkey_testing::{code, header, refusal, tokens};

#[tokio::test]
async fn security_19_success_is_json_that_no_cache_keeps() {
    let app = TestApp::start().await;
    let begun = app.begin("demo").await;
    let callback = app.approve(&begun, "ada@example.com").await;
    let answer = app.finish(&begun.cookie, &callback).await;
    assert_eq!(header(&answer, "content-type"), "application/json");
    assert_eq!(header(&answer, "cache-control"), "no-store");
    let signed_in = tokens(answer).await;
    assert_eq!(signed_in.token_type, "Bearer");
    assert_eq!(signed_in.expires_in, 600);
    assert_eq!(signed_in.refresh_expires_in, 30 * 24 * 3600);
    assert_eq!(signed_in.return_to.as_deref(), Some("/account"));

    let answer = app.refresh(&signed_in.refresh_token, None).await;
    assert_eq!(header(&answer, "content-type"), "application/json");
    assert_eq!(header(&answer, "cache-control"), "no-store");
    assert_eq!(tokens(answer).await.return_to, None);
}

#[tokio::test]
async fn security_20_errors_are_those_of_rfc_6749() {
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
        let answer = app.token(form).await;
        assert_eq!(header(&answer, "content-type"), "application/json");
        assert_eq!(header(&answer, "cache-control"), "no-store");
        assert_eq!(refusal(answer).await, (400, expected.into()), "{form:?}");
    }
}

#[tokio::test]
async fn security_20_client_credentials_are_met_with_a_challenge() {
    let app = TestApp::start().await;
    let signed_in = app.sign_in().await;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*signed_in.refresh_token),
    ];
    let request = app
        .post("/auth/token")
        .basic_auth("latchkey", Some("guess"));
    let answer = request.form(&form).send().await.expect("an answer");
    assert_eq!(
        header(&answer, "www-authenticate"),
        "Basic realm=\"latchkey\""
    );
    assert_eq!(refusal(answer).await, (401, "invalid_client".into()));

    let form = [&form[..], &[("client_secret", "guess")]].concat();
    assert_eq!(
        refusal(app.token(&form).await).await,
        (401, "invalid_client".into())
    );
    // Nothing was used up.
    app.refreshed(&signed_in.refresh_token).await;
}

#[tokio::test]
async fn security_21_it_takes_forms_only() {
    let app = TestApp::start().await;
    let signed_in = app.sign_in().await;
    let token = &*signed_in.refresh_token;

    let json = serde_json::json!({ "grant_type": "refresh_token", "refresh_token": token });
    let answer = app.post("/auth/token").json(&json).send().await;
    assert_eq!(
        refusal(answer.expect("an answer")).await,
        (400, "invalid_request".into())
    );

    let query = format!("/auth/token?grant_type=refresh_token&refresh_token={token}");
    let answer = app.get(&query).send().await.expect("an answer");
    assert_eq!(header(&answer, "content-type"), "application/json");
    assert_eq!(code(answer).await, (405, "method_not_allowed".into()));

    // Parameters in the URL of a POST are no parameters.
    let answer = app.post(&query).form(&[("a", "b")]).send().await;
    assert_eq!(
        refusal(answer.expect("an answer")).await,
        (400, "invalid_request".into())
    );

    for twice in ["grant_type", "refresh_token", "unknown"] {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("unknown", "1"),
            (twice, "refresh_token"),
        ];
        let answer = app.token(&form).await;
        assert_eq!(
            refusal(answer).await,
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
async fn security_22_other_grants_are_unsupported() {
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
        let answer = app.token(&form).await;
        assert_eq!(
            refusal(answer).await,
            (400, "unsupported_grant_type".into()),
            "{grant}"
        );
    }
}

#[tokio::test]
async fn security_23_a_refresh_cannot_widen_scope() {
    let app = TestApp::start().await;
    let signed_in = app.sign_in().await;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*signed_in.refresh_token),
        ("scope", "admin"),
    ];
    let answer = app.token(&form).await;
    assert_eq!(refusal(answer).await, (400, "invalid_scope".into()));
    // The token was not used up by it.
    app.refreshed(&signed_in.refresh_token).await;
}

#[tokio::test]
async fn a_shorter_life_can_be_asked_for_but_no_longer_one() {
    let app = TestApp::start().await;
    let mut signed_in = app.sign_in().await;
    for (asked, given) in [("5", 5), ("600", 600), ("601", 600), ("99999999999", 600)] {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &*signed_in.refresh_token),
            ("expires_in", asked),
        ];
        signed_in = tokens(app.token(&form).await).await;
        assert_eq!(signed_in.expires_in, given, "{asked}");
    }
    for nonsense in ["0", "-1", "1.5", "soon", "99999999999999999999999"] {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &*signed_in.refresh_token),
            ("expires_in", nonsense),
        ];
        let answer = app.token(&form).await;
        assert_eq!(
            refusal(answer).await,
            (400, "invalid_request".into()),
            "{nonsense}"
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
