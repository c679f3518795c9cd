//! Guessing passwords: attackers are slowed down, and owners are not.

use std::sync::Arc;
use std::time::Duration;

use latchkey_testing::{code, header, tokens};
use reqwest::Response;
use serde_json::json;

use super::{OTHER_PASSWORD, PASSWORD, create};
use crate::app::TestApp;

const CONFIG: &str = "trusted_proxies = [\"127.0.0.1\"]\n[local]\n[limits]\nper_address = \"off\"";

async fn sign_in_from(app: &TestApp, address: &str, username: &str, password: &str) -> Response {
    let body = json!({ "username": username, "password": password });
    let request = app.post("/auth/password").json(&body);
    let request = request.header("x-forwarded-for", address);
    request.send().await.expect("a response")
}

#[tokio::test]
async fn security_95_ten_thousand_guesses_do_not_keep_the_owner_out() {
    let app = TestApp::with(CONFIG).await;
    create(&app, "ada").await;
    let mut verified = 0;
    for guess in 0..10_000_u32 {
        let password = format!("guess-{guess}");
        let refused = sign_in_from(&app, "198.51.100.66", "ada", &password).await;
        match refused.status().as_u16() {
            401 => verified += 1,
            status => assert_eq!(status, 429),
        }
        if guess % 2_500 == 0 {
            let owner = sign_in_from(&app, "192.0.2.1", "ada", PASSWORD).await;
            tokens(owner).await;
        }
    }
    assert_eq!(verified, 10, "guesses that one network may send at once");
    let refused = sign_in_from(&app, "198.51.100.66", "ada", PASSWORD).await;
    assert_eq!(header(&refused, "retry-after"), "60");
    assert_eq!(code(refused).await, (429, "too_many_requests".into()));
    // One more guess each minute.
    app.clock.advance(Duration::from_mins(1));
    for status in [401, 429] {
        let refused = sign_in_from(&app, "198.51.100.66", "ada", OTHER_PASSWORD).await;
        assert_eq!(refused.status(), status);
    }
    tokens(sign_in_from(&app, "192.0.2.1", "ada", PASSWORD).await).await;
}

#[tokio::test]
async fn security_95_unknown_names_are_counted_like_known_ones() {
    let app = TestApp::with(CONFIG).await;
    create(&app, "ada").await;
    for (address, username) in [("192.0.2.7", "ada"), ("192.0.2.8", "bob")] {
        let mut statuses = Vec::new();
        for _ in 0..12 {
            let refused = sign_in_from(&app, address, username, OTHER_PASSWORD).await;
            statuses.push(refused.status().as_u16());
        }
        assert_eq!(
            statuses,
            [[401; 10].as_slice(), &[429; 2]].concat(),
            "{username}"
        );
    }
}

#[tokio::test]
async fn security_95_wrong_current_passwords_are_counted_as_guesses() {
    let app = TestApp::with(CONFIG).await;
    create(&app, "ada").await;
    let signed_in = tokens(sign_in_from(&app, "192.0.2.1", "ada", PASSWORD).await).await;
    let change = |token: &str, current: &str| {
        let body = json!({ "current_password": current, "new_password": OTHER_PASSWORD });
        let request = app.post("/auth/password/change").json(&body);
        let request = request
            .bearer_auth(token)
            .header("x-forwarded-for", "192.0.2.1");
        async { request.send().await.expect("a response").status().as_u16() }
    };
    // Without a valid access token, the password is not tried.
    for _ in 0..20 {
        assert_eq!(change("x", "wrong").await, 401);
    }
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(change(&signed_in.access_token, "wrong").await);
    }
    assert_eq!(statuses, [[422; 10].as_slice(), &[429; 2]].concat());
    assert_eq!(change(&signed_in.access_token, PASSWORD).await, 429);
    let sign_in = sign_in_from(&app, "192.0.2.1", "ada", PASSWORD).await;
    assert_eq!(sign_in.status(), 429, "the same quota");
    app.clock.advance(Duration::from_mins(1));
    let signed_in = app.refreshed(&signed_in.refresh_token).await;
    assert_eq!(change(&signed_in.access_token, PASSWORD).await, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_95_correct_passwords_from_a_few_networks_lock_nobody_out() {
    let app = Arc::new(TestApp::with(CONFIG).await);
    create(&app, "eve").await;
    create(&app, "ada").await;
    // Eight networks, each of which could take sixteen places in the queue.
    let flood: Vec<_> = (0..320_u32)
        .map(|number| {
            let app = Arc::clone(&app);
            tokio::spawn(async move {
                let address = format!("198.51.100.{}", number % 8);
                let response = sign_in_from(&app, &address, "eve", PASSWORD).await;
                response.status().as_u16()
            })
        })
        .collect();
    let mut during = 0;
    while !flood.iter().all(tokio::task::JoinHandle::is_finished) {
        tokens(sign_in_from(&app, "192.0.2.1", "ada", PASSWORD).await).await;
        during += 1;
    }
    let mut statuses = Vec::new();
    for request in flood {
        statuses.push(request.await.expect("a status"));
    }
    assert!(
        statuses.iter().all(|status| [200, 429].contains(status)),
        "{statuses:?}"
    );
    assert!(during > 0 && statuses.contains(&200));
}

#[tokio::test(flavor = "multi_thread")]
async fn security_95_other_requests_succeed_during_a_flood() {
    let app = Arc::new(TestApp::with(CONFIG).await);
    create(&app, "ada").await;
    let signed_in = tokens(sign_in_from(&app, "192.0.2.1", "ada", PASSWORD).await).await;
    // The requests come from many networks, so that only the length of the queue limits them.
    let flood: Vec<_> = (0..300_u32)
        .map(|number| {
            let app = Arc::clone(&app);
            tokio::spawn(async move {
                let address = format!("198.51.{}.{}", number / 250, number % 250);
                let response = sign_in_from(&app, &address, "ada", OTHER_PASSWORD).await;
                response.status().as_u16()
            })
        })
        .collect();
    let mut current = signed_in;
    while !flood.iter().all(tokio::task::JoinHandle::is_finished) {
        assert_eq!(app.check(&current.access_token).await, Ok(()));
        current = app.refreshed(&current.refresh_token).await;
    }
    let mut refused = Vec::new();
    for request in flood {
        refused.push(request.await.expect("a status"));
    }
    assert!(
        refused.iter().all(|status| [401, 429].contains(status)),
        "{refused:?}"
    );
    assert!(refused.contains(&401));
}
