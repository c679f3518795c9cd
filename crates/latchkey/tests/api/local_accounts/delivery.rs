//! Mail through aiosmtpd, a real mail server: encryption, authentication and refusals.

use std::sync::Arc;

use latchkey_axum::services::local::mailer::{MailError, Mailer, Message};
use latchkey_testing::Certificate;
use serde_json::json;

use super::mail_server::{MailServer, SMTP_PASSWORD};
use super::{OTHER_PASSWORD, create_with_email, post, sign_in, token_in};
use crate::app::TestApp;

async fn start(mail: &str) -> TestApp {
    TestApp::with(&format!("[local]\n{mail}")).await
}

/// Sends an invitation to this address.
async fn send(app: &TestApp, to: &str) -> Result<(), MailError> {
    let local = app.state.local.as_ref().expect("local accounts");
    let mailer: &Arc<Mailer> = local.mailer.as_ref().expect("mail");
    let message = Message::invitation(to, &app.state.public_url, "https://example.com/link");
    mailer.send(&message).await
}

#[tokio::test]
async fn link_arrives_encrypted_and_authenticated_and_works() {
    for security in ["starttls", "tls"] {
        let mut server = MailServer::start(security);
        let app = start(&server.section()).await;
        create_with_email(&app, "ada", "ada@example.com").await;
        let body = json!({ "username": "ada" });
        let requested = post(&app, "/auth/password/reset-request", &body).await;
        assert_eq!(requested.status(), 202);
        let mail = server.next().await;
        assert!(mail.encrypted && mail.authenticated, "{mail:?}");
        assert_eq!(mail.recipients, ["ada@example.com"]);
        assert_eq!(mail.sender, "Notes <notes@example.com>");
        let host = app.url.trim_start_matches("http://");
        assert_eq!(mail.subject, format!("Set a new password for {host}"));
        let token = token_in(&mail.text, "token").lines().next();
        let body = json!({ "token": token, "new_password": OTHER_PASSWORD });
        let reset = post(&app, "/auth/password/reset", &body).await;
        assert_eq!(reset.status(), 204);
        sign_in(&app, "ada", OTHER_PASSWORD).await;
        assert_eq!(server.stop(), ["authenticated", "message"], "{security}");
    }
}

#[tokio::test]
async fn refused_recipient_is_an_error_and_others_still_get_mail() {
    let mut server = MailServer::start("starttls");
    let app = start(&server.section()).await;
    let refused = send(&app, "refused@example.com").await;
    let refused = refused.expect_err("refused").to_string();
    assert!(refused.contains("no such mailbox"), "{refused}");
    send(&app, "ada@example.com").await.expect("sent");
    assert_eq!(server.next().await.recipients, ["ada@example.com"]);
    let events = server.stop();
    let count = |name| events.iter().filter(|it| *it == name).count();
    assert_eq!((count("refused"), count("message")), (1, 1), "{events:?}");
}

#[tokio::test]
async fn wrong_password_for_the_mail_server_is_an_error_that_does_not_contain_it() {
    const WRONG: &str = "not-the-password";
    let server = MailServer::start("tls");
    let app = start(&server.section_with("tls", &server.certificate, WRONG)).await;
    let refused = send(&app, "ada@example.com").await;
    let refused = refused.expect_err("refused").to_string();
    assert!(!refused.contains(WRONG), "{refused}");
    let events = server.stop();
    assert!(
        events.iter().all(|it| it == "unauthenticated"),
        "{events:?}"
    );
    assert!(!events.is_empty());
}

#[tokio::test]
async fn server_without_starttls_gets_neither_the_password_nor_a_message() {
    let server = MailServer::start("none");
    let section = server.section_with("starttls", &server.certificate, SMTP_PASSWORD);
    let app = start(&section).await;
    send(&app, "ada@example.com").await.expect_err("refused");
    assert!(server.stop().is_empty());
}

#[tokio::test]
async fn certificate_of_an_unknown_authority_is_refused() {
    let other = Certificate::new().expect("a certificate");
    for security in ["starttls", "tls"] {
        let server = MailServer::start(security);
        let app = start(&server.section_with(security, &other, SMTP_PASSWORD)).await;
        send(&app, "ada@example.com").await.expect_err("refused");
        assert!(server.stop().is_empty(), "{security}");
    }
}
