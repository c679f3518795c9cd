//! Links to set a password, sent by mail.

use std::time::Duration;

use latchkey_axum::use_cases::local_operator::NewLocalAccount;
use latchkey_testing::code;
use serde_json::json;

use super::smtp::{Behavior, SmtpServer};
use super::{OTHER_PASSWORD, PASSWORD, operator, post, sign_in};
use crate::app::TestApp;

async fn start(server: &SmtpServer, security: &str) -> TestApp {
    let app = TestApp::with(&format!("[local]\n{}", server.section(security))).await;
    let new = NewLocalAccount {
        username: "ada".to_owned(),
        email: Some("ada@example.com".to_owned()),
        password: Some(PASSWORD.to_owned().into()),
        ..NewLocalAccount::default()
    };
    operator(&app).create(new).await.expect("created");
    app
}

async fn request_link(app: &TestApp, username: &str) {
    let body = json!({ "username": username });
    let response = post(app, "/auth/password/reset-request", &body).await;
    assert_eq!(response.status(), 202);
}

async fn reset(app: &TestApp, token: &str) -> reqwest::Response {
    let body = json!({ "token": token, "new_password": OTHER_PASSWORD });
    post(app, "/auth/password/reset", &body).await
}

#[tokio::test]
async fn link_is_sent_to_the_address_of_the_account_over_starttls() {
    let mut server = SmtpServer::start(Behavior::StartTls).await;
    let app = start(&server, "starttls").await;
    let offered = app.get_json("/auth/providers").await;
    assert_eq!(
        offered["password"],
        json!({ "sign_up": "off", "mail": true })
    );
    request_link(&app, "nobody").await;
    request_link(&app, "nobody@example.com").await;
    request_link(&app, "ADA").await;
    let first = server.next().await;
    request_link(&app, "Ada@example.com").await;
    let second = server.next().await;
    for mail in [&first, &second] {
        let plain: Vec<_> = mail.plain.iter().map(String::as_str).collect();
        assert_eq!(plain.len(), 2, "{plain:?}");
        assert!(plain[0].starts_with("EHLO ") && plain[1] == "STARTTLS");
        let to = "RCPT TO:<ada@example.com>".to_owned();
        assert!(mail.encrypted.contains(&to), "{:?}", mail.encrypted);
        let message = mail.message.as_deref().expect("a message");
        assert!(
            message.contains("From: Notes <notes@example.com>"),
            "{message}"
        );
        assert!(message.contains("your account ada"), "{message}");
    }
    // The second link invalidates the first.
    let refused = reset(&app, &first.token("token")).await;
    assert_eq!(code(refused).await, (400, "link_invalid".into()));
    assert_eq!(reset(&app, &second.token("token")).await.status(), 204);
    sign_in(&app, "ada", OTHER_PASSWORD).await;
    assert_eq!(server.others(), 0);
}

#[tokio::test]
async fn one_account_gets_few_messages() {
    let mut server = SmtpServer::start(Behavior::Plain).await;
    let app = start(&server, "none").await;
    for _ in 0..3 {
        request_link(&app, "ada").await;
        server.next().await;
    }
    for _ in 0..5 {
        request_link(&app, "ada").await;
    }
    app.clock.advance(Duration::from_mins(10));
    // After ten minutes, the limit permits one more message.
    request_link(&app, "ada@example.com").await;
    server.next().await;
    assert_eq!(server.others(), 0);
}

#[tokio::test]
async fn mail_server_without_starttls_gets_no_message() {
    let mut server = SmtpServer::start(Behavior::Plain).await;
    let app = start(&server, "starttls").await;
    request_link(&app, "ada").await;
    let conversation = server.next().await;
    assert!(conversation.encrypted.is_empty());
    let plain = &conversation.plain;
    assert!(!plain.iter().any(|it| it.starts_with("MAIL")), "{plain:?}");
    assert_eq!(conversation.message, None);
}
