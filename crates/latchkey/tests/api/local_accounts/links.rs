//! One-time links: invitations, and links that set a password.

use std::time::Duration;

use latchkey_axum::use_cases::local_operator::{LocalOperatorError, NewLocalAccount};
use latchkey_testing::{claims, code, tokens};
use serde_json::json;

use super::{
    OTHER_PASSWORD, PASSWORD, create, invalid_fields, operator, post, sign_in, token_in,
    try_sign_in,
};
use crate::app::TestApp;

async fn reset(app: &TestApp, token: &str, password: &str) -> reqwest::Response {
    let body = json!({ "token": token, "new_password": password });
    post(app, "/auth/password/reset", &body).await
}

async fn assert_link_invalid(response: reqwest::Response) {
    assert_eq!(code(response).await, (400, "link_invalid".into()));
}

#[tokio::test]
async fn operator_creates_an_account_whose_user_sets_the_password() {
    let app = TestApp::with("[local]").await;
    let new = || NewLocalAccount {
        username: "Ada".to_owned(),
        email: Some("ada@example.com".to_owned()),
        roles: vec!["admin".to_owned()],
        ..NewLocalAccount::default()
    };
    let (user, link) = operator(&app).create(new()).await.expect("created");
    let link = link.expect("a link");
    assert!(
        link.url
            .starts_with(&format!("{}/reset-password#token=", app.url))
    );
    assert_eq!(link.expires_at.as_secs(), 1_800_003_600);
    assert!(!format!("{link:?}").contains("token"), "{link:?}");
    let again = operator(&app).create(new()).await.expect_err("taken");
    assert_eq!(again.to_string(), "username: this username is taken");

    // Until the password is set, nobody can sign in, not even with an empty password.
    for password in ["", PASSWORD] {
        let refused = try_sign_in(&app, "ada", password).await;
        assert_eq!(code(refused).await, (401, "invalid_credentials".into()));
    }
    let token = token_in(&link.url, "token");
    let weak = reset(&app, token, "ada@example.com").await;
    assert_eq!(invalid_fields(weak).await, ["new_password"]);
    assert_eq!(reset(&app, token, PASSWORD).await.status(), 204);
    let signed_in = sign_in(&app, "ada", PASSWORD).await;
    let token = claims(&signed_in.access_token);
    assert_eq!(token["sub"], user.id.to_string());
    assert_eq!(token["roles"], json!(["admin"]));
}

#[tokio::test]
async fn security_96_link_works_once_within_an_hour_and_ends_all_sessions() {
    let app = TestApp::with("[local]").await;
    create(&app, "ada").await;
    let signed_in = sign_in(&app, "ada", PASSWORD).await;
    let link = || async {
        operator(&app)
            .reset_password("ADA")
            .await
            .expect("a link")
            .url
    };
    let (first, second) = (link().await, link().await);
    // A new link replaces the first.
    assert_link_invalid(reset(&app, token_in(&first, "token"), OTHER_PASSWORD).await).await;
    assert_eq!(app.check(&signed_in.access_token).await, Ok(()));
    let token = token_in(&second, "token");
    assert_eq!(reset(&app, token, OTHER_PASSWORD).await.status(), 204);
    assert_link_invalid(reset(&app, token, PASSWORD).await).await;
    let check = app.check(&signed_in.access_token).await;
    assert_eq!(check, Err("token_revoked".into()));
    app.refresh_is_refused(&signed_in.refresh_token).await;
    sign_in(&app, "ada", OTHER_PASSWORD).await;

    let late = link().await;
    app.clock.advance(Duration::from_hours(1));
    assert_link_invalid(reset(&app, token_in(&late, "token"), PASSWORD).await).await;
    for token in ["", "nonsense", token] {
        assert_link_invalid(reset(&app, token, PASSWORD).await).await;
    }
    let unknown = operator(&app).reset_password("bob").await;
    let unknown = unknown.expect_err("unknown").to_string();
    assert_eq!(unknown, "no local account has the username bob");
}

#[tokio::test]
async fn security_96_link_is_bound_to_its_purpose_and_stored_as_a_hash() {
    let app = TestApp::with("[local]\nsign_up = \"invite\"").await;
    create(&app, "ada").await;
    let invitation = operator(&app).invite(Some("ben@example.com")).await;
    let invitation = invitation.expect("a link").url;
    assert!(invitation.starts_with(&format!("{}/sign-up#invitation=", app.url)));
    let invitation = token_in(&invitation, "invitation").to_owned();
    let link = operator(&app)
        .reset_password("ada")
        .await
        .expect("a link")
        .url;
    let link = token_in(&link, "token").to_owned();
    assert_link_invalid(reset(&app, &invitation, OTHER_PASSWORD).await).await;
    let sign_up = |invitation: &str| {
        let new = json!({ "username": "ben", "password": PASSWORD, "invitation": invitation });
        let app = &app;
        async move { post(app, "/auth/sign-up", &new).await }
    };
    assert_link_invalid(sign_up(&link).await).await;

    // Neither the tokens nor the password are in the data directory.
    let mut files = vec![app.data_dir()];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(path).expect("read");
            files.extend(entries.map(|entry| entry.expect("an entry").path()));
        } else if path.is_file() {
            let bytes = std::fs::read(&path).expect("read");
            for secret in [&*invitation, &*link, PASSWORD] {
                let found = bytes
                    .windows(secret.len())
                    .any(|it| it == secret.as_bytes());
                assert!(!found, "{} contains a secret", path.display());
            }
        }
    }

    let signed_in = tokens(sign_up(&invitation).await).await;
    assert_eq!(claims(&signed_in.access_token)["email"], "ben@example.com");
    assert_link_invalid(sign_up(&invitation).await).await;
}

#[tokio::test]
async fn refused_sign_up_does_not_consume_the_invitation() {
    let app = TestApp::with("[local]\nsign_up = \"invite\"").await;
    create(&app, "ada").await;
    let invitation = operator(&app).invite(None).await.expect("a link").url;
    let invitation = token_in(&invitation, "invitation");
    let sign_up = |username: &str, password: &str| {
        let new = json!({ "username": username, "password": password, "invitation": invitation });
        let app = &app;
        async move { post(app, "/auth/sign-up", &new).await }
    };
    let refused = sign_up("ada", PASSWORD).await;
    assert_eq!(invalid_fields(refused).await, ["username"]);
    let refused = sign_up("ben", "password1").await;
    assert_eq!(invalid_fields(refused).await, ["password"]);
    tokens(sign_up("ben", PASSWORD).await).await;
}

#[tokio::test]
async fn disabled_features_are_refused_with_the_reason() {
    let app = TestApp::with("[local]").await;
    let off = operator(&app).invite(None).await;
    assert_eq!(off, Err(LocalOperatorError::InvitationsOff));
    let app = TestApp::start().await;
    let disabled = operator(&app).reset_password("ada").await;
    assert_eq!(disabled, Err(LocalOperatorError::Disabled));
}
