//! The admin API.

use latchkey_types::{ErrorCode, ServerEvent};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::app::{TestApp, claims};
use latchkey_testing::{code, header, tokens};

const CONFIG: &str = "demo = true\nadmins = [\"grace@example.com\"]";

fn sub(access_token: &str) -> String {
    claims(access_token)["sub"]
        .as_str()
        .expect("text")
        .to_owned()
}

async fn ban(app: &TestApp, admin: &str, user: &str) -> u16 {
    let request = app.post(&format!("/api/admin/users/{user}/ban"));
    let request = request
        .bearer_auth(admin)
        .json(&json!({ "reason": "spam" }));
    request.send().await.expect("a response").status().as_u16()
}

#[tokio::test]
async fn security_52_a_ban_takes_effect_immediately_and_lasts_until_it_is_lifted() {
    let app = TestApp::with(CONFIG).await;
    let admin = app.sign_in_as("grace@example.com").await.access_token;
    let sessions = [app.sign_in().await, app.sign_in().await];
    let newer = app.refreshed(&sessions[0].refresh_token).await;
    let ada = sub(&newer.access_token);
    assert_eq!(ban(&app, &admin, &ada).await, 204);
    for tokens in sessions.iter().chain([&newer]) {
        let access = app.check(&tokens.access_token).await;
        assert_eq!(access, Err("token_revoked".into()));
        app.refresh_is_refused(&tokens.refresh_token).await;
    }
    let sign_in = || async {
        let begun = app.begin("demo").await;
        let callback = app.approve(&begun, "ada@example.com").await;
        app.finish(&begun.cookie, &callback).await
    };
    assert_eq!(code(sign_in().await).await, (400, "banned".into()));
    assert_eq!(app.check(&admin).await, Ok(()));

    let lifted = app
        .delete_as(&format!("/api/admin/users/{ada}/ban"), &admin)
        .await;
    assert_eq!(lifted.status(), 204);
    app.clock.advance(std::time::Duration::from_secs(1));
    let again = tokens(sign_in().await).await;
    assert_eq!(app.check(&again.access_token).await, Ok(()));
    // The ban had ended this session, which stays ended.
    assert_eq!(
        app.check(&newer.access_token).await,
        Err("token_revoked".into())
    );
    app.refresh_is_refused(&newer.refresh_token).await;
}

#[tokio::test]
async fn security_48_52_a_ban_and_its_denials_survive_a_restart() {
    let app = TestApp::with(CONFIG).await;
    let admin = app.sign_in_as("grace@example.com").await.access_token;
    let signed_in = app.sign_in().await;
    assert_eq!(ban(&app, &admin, &sub(&signed_in.access_token)).await, 204);
    let app = app.restarted().await;
    assert_eq!(
        app.check(&signed_in.access_token).await,
        Err("token_revoked".into())
    );
    app.refresh_is_refused(&signed_in.refresh_token).await;
    let begun = app.begin("demo").await;
    let callback = app.approve(&begun, "ada@example.com").await;
    let response = app.finish(&begun.cookie, &callback).await;
    assert_eq!(code(response).await, (400, "banned".into()));
}

/// A revocation runs to completion, including the denylist update, even if the client disconnects
/// at once.
#[tokio::test]
async fn security_52_a_revocation_completes_even_if_the_client_disconnects() {
    let app = TestApp::start().await;
    for _ in 0..20 {
        let signed_in = app.sign_in().await;
        let mut events = app.events(&signed_in.access_token).await;
        let mut stream = TcpStream::connect(app.url.trim_start_matches("http://"))
            .await
            .expect("connected");
        let body = format!("token={}", signed_in.refresh_token);
        let request = format!(
            "POST /auth/revoke HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\
             content-type: application/x-www-form-urlencoded\r\n\r\n{body}",
            body.len()
        );
        let written = stream.write_all(request.as_bytes()).await;
        written.expect("written");
        drop(stream);
        let ended = ServerEvent::SessionEnded {
            code: ErrorCode::SessionEnded,
        };
        assert_eq!(events.next().await, Some(ended));
        let access = app.check(&signed_in.access_token).await;
        assert_eq!(access, Err("token_revoked".into()));
    }
}

/// SECURITY 51 for bans: concurrent refreshes and sign-ins may succeed, but none survives the ban.
#[tokio::test]
async fn security_51_52_no_token_survives_a_ban_that_races_with_refreshes_and_sign_ins() {
    let app = TestApp::with(CONFIG).await;
    let admin = app.sign_in_as("grace@example.com").await.access_token;
    for round in 0..8 {
        let email = format!("user-{round}@example.com");
        let first = app.sign_in_as(&email).await;
        let mut begun = Vec::new();
        for _ in 0..2 {
            let sign_in = app.begin("demo").await;
            let callback = app.approve(&sign_in, &email).await;
            begun.push((sign_in.cookie, callback));
        }
        let mut racing = JoinSet::new();
        for (cookie, callback) in begun {
            let caller = app.caller.clone();
            racing.spawn(async move { caller.finish(&cookie, &callback).await });
        }
        for _ in 0..4 {
            let (caller, token) = (app.caller.clone(), first.refresh_token.clone());
            racing.spawn(async move { caller.refresh(&token, Some("key-1")).await });
        }
        assert_eq!(ban(&app, &admin, &sub(&first.access_token)).await, 204);
        for response in racing.join_all().await {
            if response.status() != 200 {
                assert_eq!(response.status(), 400);
                continue;
            }
            let won = tokens(response).await;
            app.refresh_is_refused(&won.refresh_token).await;
            let access = app.check(&won.access_token).await;
            assert_eq!(access, Err("token_revoked".into()));
        }
    }
}

#[tokio::test]
async fn security_54_an_administrator_ends_the_sessions_of_one_user_or_of_all_users() {
    let app = TestApp::with(CONFIG).await;
    let admin = app.sign_in_as("grace@example.com").await;
    let ada = [app.sign_in().await, app.sign_in().await];
    let mary = app.sign_in_as("mary@example.com").await;
    let path = format!("/api/admin/users/{}/sessions", sub(&ada[0].access_token));
    let ended = app.delete_as(&path, &admin.access_token).await;
    assert_eq!(ended.status(), 204);
    for tokens in &ada {
        let access = app.check(&tokens.access_token).await;
        assert_eq!(access, Err("token_revoked".into()));
        app.refresh_is_refused(&tokens.refresh_token).await;
    }
    assert_eq!(app.check(&mary.access_token).await, Ok(()));
    // The user can sign in again.
    let again = app.sign_in().await;

    let ended = app
        .delete_as("/api/admin/sessions", &admin.access_token)
        .await;
    assert_eq!(ended.status(), 204);
    for tokens in [&admin, &mary, &again] {
        let access = app.check(&tokens.access_token).await;
        assert_eq!(access, Err("token_revoked".into()));
        app.refresh_is_refused(&tokens.refresh_token).await;
    }
    let app = app.restarted().await;
    assert_eq!(
        app.check(&mary.access_token).await,
        Err("token_revoked".into())
    );
    app.sign_in().await;
}

#[tokio::test]
async fn security_28_admin_routes_require_the_role_admin() {
    let app = TestApp::with(CONFIG).await;
    let grace = app.sign_in_as("grace@example.com").await.access_token;
    let ada = app.sign_in().await.access_token;
    let victim = sub(&grace);
    assert_eq!(ban(&app, &ada, &victim).await, 403);
    let paths = [
        format!("/api/admin/users/{victim}/ban"),
        format!("/api/admin/users/{victim}/sessions"),
        "/api/admin/sessions".to_owned(),
    ];
    for path in &paths {
        let response = app.delete_as(path, &ada).await;
        let challenge = header(&response, "www-authenticate");
        assert!(challenge.contains("insufficient_scope"), "{challenge}");
        assert_eq!(code(response).await, (403, "forbidden".into()), "{path}");
        let without_token = app.http.delete(format!("{}{path}", app.url)).send().await;
        let without_token = code(without_token.expect("a response")).await;
        assert_eq!(without_token, (401, "token_missing".into()), "{path}");
    }
    assert_eq!(app.check(&grace).await, Ok(()));
}

#[tokio::test]
async fn invalid_admin_requests_are_refused() {
    let app = TestApp::with(CONFIG).await;
    let admin = app.sign_in_as("grace@example.com").await.access_token;
    let ada = sub(&app.sign_in().await.access_token);
    for id in ["x", "AAAAAAAAAAAAAAAAAAAAAA", "%00"] {
        assert_eq!(ban(&app, &admin, id).await, 404, "{id}");
        for path in ["ban", "sessions"] {
            let path = format!("/api/admin/users/{id}/{path}");
            let response = app.delete_as(&path, &admin).await;
            assert_eq!(code(response).await, (404, "not_found".into()), "{path}");
        }
    }
    let path = format!("/api/admin/users/{ada}/ban");
    let long = "x".repeat(501);
    for body in [
        json!({}),
        json!({ "reason": " " }),
        json!({ "reason": long }),
        json!(1),
    ] {
        let response = app.post(&path).bearer_auth(&admin).json(&body).send().await;
        let response = code(response.expect("a response")).await;
        let expected = ErrorCode::InvalidRequest.as_str().to_owned();
        assert_eq!(response, (400, expected), "{body}");
    }
    let without_body = app.post(&path).bearer_auth(&admin).send().await;
    let without_body = code(without_body.expect("a response")).await;
    assert_eq!(without_body, (400, "invalid_request".into()));
    // Lifting a ban that does not exist and repeating a ban both succeed.
    assert_eq!(app.delete_as(&path, &admin).await.status(), 204);
    assert_eq!(ban(&app, &admin, &ada).await, 204);
    assert_eq!(ban(&app, &admin, &ada).await, 204);
}
