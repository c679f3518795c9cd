//! Links to set a password, sent by mail: to whom, how many, and what they say.

use std::time::Duration;

use latchkey_testing::code;
use reqwest::StatusCode;
use serde_json::json;

use super::smtp::{Behavior, SmtpServer};
use super::{OTHER_PASSWORD, PASSWORD, create_with_email, operator, post, sign_in, token_in};
use crate::app::TestApp;

const EMAIL: &str = "ada@example.com";

async fn start(server: &SmtpServer) -> TestApp {
    start_with(server, "").await
}

async fn start_with(server: &SmtpServer, config: &str) -> TestApp {
    let app = TestApp::with(&format!("{config}[local]\n{}", server.section())).await;
    create_with_email(&app, "ada", EMAIL).await;
    app
}

async fn request_link(app: &TestApp, username: &str) {
    let body = json!({ "username": username });
    let response = post(app, "/auth/password/reset-request", &body).await;
    assert_eq!(response.status(), 202);
}

async fn request_link_from(app: &TestApp, address: &str, username: &str) -> StatusCode {
    let body = json!({ "username": username });
    let request = app.post("/auth/password/reset-request").json(&body);
    let request = request.header("x-forwarded-for", address);
    request.send().await.expect("a response").status()
}

async fn reset(app: &TestApp, token: &str) -> reqwest::Response {
    let body = json!({ "token": token, "new_password": OTHER_PASSWORD });
    post(app, "/auth/password/reset", &body).await
}

#[tokio::test]
async fn link_is_sent_to_the_address_of_the_account_only() {
    let mut server = SmtpServer::start(Behavior::Accepts).await;
    let app = start(&server).await;
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
        let to = format!("RCPT TO:<{EMAIL}>");
        assert!(mail.commands.contains(&to), "{:?}", mail.commands);
    }
    // The second link invalidates the first.
    let refused = reset(&app, &first.token("token")).await;
    assert_eq!(code(refused).await, (400, "link_invalid".into()));
    assert_eq!(reset(&app, &second.token("token")).await.status(), 204);
    sign_in(&app, "ada", OTHER_PASSWORD).await;
    assert_eq!(server.others(), 0);
}

#[tokio::test]
async fn security_96_request_for_a_link_does_not_void_the_link_of_an_operator() {
    let mut server = SmtpServer::start(Behavior::Accepts).await;
    let app = start(&server).await;
    let of_operator = || async {
        let link = operator(&app).reset_password("ada").await.expect("a link");
        token_in(&link.url, "token").to_owned()
    };
    let link = of_operator().await;
    // Anyone can request another link.
    request_link(&app, "ada").await;
    let requested = server.next().await.token("token");
    assert_eq!(reset(&app, &link).await.status(), 204);
    // Setting a password voids both links. Otherwise, the unused link could replace the new password.
    for used in [&link, &requested] {
        let refused = reset(&app, used).await;
        assert_eq!(code(refused).await, (400, "link_invalid".into()));
    }
    // An operator's link does not void a requested link either.
    request_link(&app, "ada").await;
    let requested = server.next().await.token("token");
    let link = of_operator().await;
    assert_eq!(reset(&app, &requested).await.status(), 204);
    let refused = reset(&app, &link).await;
    assert_eq!(code(refused).await, (400, "link_invalid".into()));
}

#[tokio::test]
async fn address_that_is_the_username_of_a_stranger_still_gets_its_link() {
    let mut server = SmtpServer::start(Behavior::Accepts).await;
    let config = format!("[local]\nsign_up = \"open\"\n{}", server.section());
    let app = TestApp::with(&config).await;
    create_with_email(&app, "ada", EMAIL).await;
    // The username of this account is also its address: the account gets only one link.
    create_with_email(&app, "ben@example.com", "ben@example.com").await;
    let eve = json!({ "username": EMAIL, "password": PASSWORD, "email": "eve@example.com" });
    assert_eq!(post(&app, "/auth/sign-up", &eve).await.status(), 200);
    request_link(&app, EMAIL).await;
    let mails = [server.next().await, server.next().await];
    let to = |recipient: &str| {
        let command = format!("RCPT TO:<{recipient}>");
        let mut mails = mails.iter();
        mails.find(|it| it.commands.contains(&command))
    };
    assert!(to("eve@example.com").is_some());
    let link = to(EMAIL).expect("a link for the owner of the address");
    assert_eq!(reset(&app, &link.token("token")).await.status(), 204);
    sign_in(&app, "ada", OTHER_PASSWORD).await;
    sign_in(&app, EMAIL, PASSWORD).await;
    request_link(&app, "ben@example.com").await;
    server.next().await;
    request_link(&app, "ada").await;
    let last = server.next().await.commands;
    assert!(last.contains(&format!("RCPT TO:<{EMAIL}>")), "{last:?}");
    assert_eq!(server.others(), 0);
}

#[tokio::test]
async fn one_account_gets_few_messages() {
    let mut server = SmtpServer::start(Behavior::Accepts).await;
    let app = start(&server).await;
    for _ in 0..3 {
        request_link(&app, "ada").await;
        server.next().await;
    }
    for _ in 0..5 {
        request_link(&app, "ada").await;
    }
    app.clock.advance(Duration::from_mins(10));
    // After ten minutes, the limit permits one more message.
    request_link(&app, EMAIL).await;
    server.next().await;
    assert_eq!(server.others(), 0);
}

#[tokio::test]
async fn one_recipient_gets_few_messages_whatever_the_account() {
    let mut server = SmtpServer::start(Behavior::Accepts).await;
    let app = start(&server).await;
    for number in 0..7 {
        let email = format!("ADA+{number}@example.com");
        create_with_email(&app, &format!("ada-{number}"), &email).await;
    }
    app.clock.advance(Duration::from_secs(1));
    create_with_email(&app, "eve", "ada@example.com").await;
    create_with_email(&app, "ben", "ben@example.com").await;
    for number in 0..7 {
        request_link(&app, &format!("ada-{number}")).await;
    }
    request_link(&app, "eve").await;
    // The limit affects neither other recipients nor the oldest account with this address.
    request_link(&app, "ben").await;
    request_link(&app, "ada").await;
    let mut recipients = Vec::new();
    for _ in 0..7 {
        let commands = server.next().await.commands;
        let to = commands.into_iter().find(|it| it.starts_with("RCPT"));
        recipients.push(to.expect("a recipient").contains("ben"));
    }
    assert_eq!(recipients.iter().filter(|is_ben| **is_ben).count(), 1);
    assert_eq!(server.others(), 0);
}

#[tokio::test]
async fn one_network_causes_few_messages_whatever_the_recipients() {
    let mut server = SmtpServer::start(Behavior::Accepts).await;
    let app = start_with(&server, "trusted_proxies = [\"127.0.0.1\"]\n").await;
    // Three accounts each, so that one request sends three messages.
    for number in 0..8 {
        for account in 0..3 {
            let email = format!("user-{number}@example.com");
            create_with_email(&app, &format!("user-{number}-{account}"), &email).await;
        }
    }
    for number in 0..8 {
        let email = format!("user-{number}@example.com");
        let status = request_link_from(&app, "198.51.100.66", &email).await;
        assert_eq!(status, 202);
    }
    for _ in 0..20 {
        server.next().await;
    }
    // Another network is not affected.
    assert_eq!(request_link_from(&app, "192.0.2.1", "ada").await, 202);
    let commands = server.next().await.commands;
    assert!(
        commands.contains(&format!("RCPT TO:<{EMAIL}>")),
        "{commands:?}"
    );
    assert_eq!(server.others(), 0);
}

#[tokio::test]
async fn message_contains_no_text_that_a_stranger_chose() {
    let mut server = SmtpServer::start(Behavior::Accepts).await;
    let config = format!("[local]\nsign_up = \"open\"\n{}", server.section());
    let app = TestApp::with(&config).await;
    for (number, (username, is_shown)) in [
        ("www.prize.example", false),
        ("win@prize.example", false),
        ("call-0900-123456-now-to-win", false),
        ("ada-lovelace", true),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("victim-{number}@example.com");
        let name = "Visit https://prize.example";
        let new = json!({
            "username": username,
            "password": PASSWORD,
            "name": name,
            "email": email,
        });
        assert_eq!(post(&app, "/auth/sign-up", &new).await.status(), 200);
        request_link(&app, &email).await;
        let text = server.next().await.text();
        assert_eq!(text.contains(username), is_shown, "{text}");
        assert!(!text.contains("prize"), "{text}");
        let links = text.matches("://").count();
        let own = text.matches(&format!("{}/", app.url)).count();
        // The URL of the site, and the link.
        assert_eq!((links, own), (2, 1), "{text}");
    }
}
