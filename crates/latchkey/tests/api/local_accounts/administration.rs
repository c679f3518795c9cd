//! Administering local accounts over HTTP.

use std::time::Duration;

use latchkey_testing::{claims, code, header, tokens};
use reqwest::Response;
use serde_json::{Value, json};

use super::mail_server::MailServer;
use super::smtp::{Behavior, SmtpServer};
use super::{
    OTHER_PASSWORD, PASSWORD, create, create_with_email, invalid_fields, post, sign_in, token_in,
};
use crate::app::TestApp;

const CONFIG: &str = "demo = true\nadmins = [\"demo:ada@example.com\"]";

async fn start(local: &str) -> (TestApp, String) {
    let app = TestApp::with(&format!("{CONFIG}\n{local}")).await;
    let admin = app.sign_in_as("ada@example.com").await.access_token;
    (app, admin)
}

async fn post_as(app: &TestApp, token: &str, path: &str, body: &Value) -> Response {
    let request = app.post(path).bearer_auth(token).json(body);
    request.send().await.expect("a response")
}

async fn created(response: Response) -> Value {
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "cache-control"), "no-store");
    response.json().await.expect("JSON")
}

fn url(link: &Value) -> &str {
    link["url"].as_str().expect("a link")
}

async fn set_password(app: &TestApp, link: &Value, password: &str) -> Response {
    let body = json!({ "token": token_in(url(link), "token"), "new_password": password });
    post(app, "/auth/password/reset", &body).await
}

async fn id_of(app: &TestApp, admin: &str, username: &str) -> String {
    let path = format!("/api/admin/users?q={username}");
    let found: Value = app.get_as(&path, admin).await.json().await.expect("JSON");
    found["users"][0]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn administrator_creates_a_user_and_gets_the_link() {
    let (app, admin) = start("[local]").await;
    let new = json!({ "username": "Ben", "name": "Ben", "roles": ["editor"] });
    let response = post_as(&app, &admin, "/api/admin/users", &new).await;
    let response = created(response).await;
    let (user, link) = (&response["user"], &response["link"]);
    assert_eq!(user["username"], "ben");
    assert_eq!(user["granted_roles"], json!(["editor"]));
    assert_eq!(user["provider"], "local");
    assert_eq!(link["expires_at"], 1_800_003_600);
    assert_eq!(link.get("mailed_to"), None);
    assert_eq!(set_password(&app, link, PASSWORD).await.status(), 204);
    let ben = sign_in(&app, "ben", PASSWORD).await;
    assert_eq!(claims(&ben.access_token)["roles"], json!(["editor"]));

    let again = post_as(&app, &admin, "/api/admin/users", &new).await;
    assert_eq!(invalid_fields(again).await, ["username"]);
    for (field, value) in [
        ("username", json!("a b")),
        ("email", json!("nowhere")),
        ("roles", json!(["Not a role"])),
    ] {
        let mut new = json!({ "username": "eve" });
        new[field] = value;
        let refused = post_as(&app, &admin, "/api/admin/users", &new).await;
        assert_eq!(invalid_fields(refused).await, [field]);
    }
}

#[tokio::test]
async fn administrator_invites_a_person() {
    let (app, admin) = start("[local]\nsign_up = \"invite\"").await;
    let body = json!({ "email": "ben@example.com" });
    let invited = post_as(&app, &admin, "/api/admin/invitations", &body).await;
    let invited = created(invited).await;
    let invitation = token_in(url(&invited), "invitation");
    let new = json!({ "username": "ben", "password": PASSWORD, "invitation": invitation });
    let ben = tokens(post(&app, "/auth/sign-up", &new).await).await;
    assert_eq!(claims(&ben.access_token)["email"], "ben@example.com");
    let body = json!({ "email": "nowhere" });
    let refused = post_as(&app, &admin, "/api/admin/invitations", &body).await;
    assert_eq!(invalid_fields(refused).await, ["email"]);

    let (app, admin) = start("[local]").await;
    let refused = post_as(&app, &admin, "/api/admin/invitations", &json!({})).await;
    assert_eq!(code(refused).await, (403, "sign_up_closed".into()));
}

#[tokio::test]
async fn link_to_set_a_password_leaves_the_sessions_open_until_it_is_used() {
    let (app, admin) = start("[local]").await;
    create(&app, "ben").await;
    let ben = sign_in(&app, "ben", PASSWORD).await;
    let path = |id: &str| format!("/api/admin/users/{id}/password-link");
    let id = id_of(&app, &admin, "ben").await;
    let link = post_as(&app, &admin, &path(&id), &json!({})).await;
    let link = created(link).await;
    assert_eq!(app.check(&ben.access_token).await, Ok(()));
    assert_eq!(
        set_password(&app, &link, OTHER_PASSWORD).await.status(),
        204
    );
    assert_eq!(
        app.check(&ben.access_token).await,
        Err("token_revoked".into())
    );
    sign_in(&app, "ben", OTHER_PASSWORD).await;
    // The administrator has no local account.
    let ada = claims(&admin)["sub"].as_str().expect("text").to_owned();
    for id in [&*ada, "AAAAAAAAAAAAAAAAAAAAAA", "x"] {
        let refused = post_as(&app, &admin, &path(id), &json!({})).await;
        assert_eq!(code(refused).await, (404, "not_found".into()), "{id}");
    }
}

#[tokio::test]
async fn links_need_the_admin_role_and_a_recent_sign_in() {
    let (app, admin) = start("[local]\nsign_up = \"invite\"").await;
    create(&app, "ben").await;
    let ben = sign_in(&app, "ben", PASSWORD).await;
    let link = format!(
        "/api/admin/users/{}/password-link",
        id_of(&app, &admin, "ben").await
    );
    let paths = ["/api/admin/users", "/api/admin/invitations", &*link];
    let new = json!({ "username": "eve" });
    for path in paths {
        let refused = post_as(&app, &ben.access_token, path, &new).await;
        assert_eq!(code(refused).await, (403, "forbidden".into()), "{path}");
    }
    let admin = app.sign_in_as("ada@example.com").await;
    app.clock.advance(Duration::from_mins(11));
    let admin = app.refreshed(&admin.refresh_token).await.access_token;
    for path in paths {
        let refused = post_as(&app, &admin, path, &new).await;
        let refused = code(refused).await;
        assert_eq!(refused, (401, "step_up_required".into()), "{path}");
    }
    let users = app.get_as("/api/admin/users?q=eve", &admin).await;
    let users: Value = users.json().await.expect("JSON");
    assert_eq!(users["users"], json!([]));
}

#[tokio::test]
async fn without_local_accounts_the_routes_do_not_exist() {
    let (app, admin) = start("").await;
    let new = json!({ "username": "ben" });
    for path in ["/api/admin/users", "/api/admin/invitations"] {
        let refused = post_as(&app, &admin, path, &new).await;
        assert_eq!(code(refused).await, (404, "not_found".into()), "{path}");
    }
}

#[tokio::test]
async fn link_is_mailed_instead_of_shown() {
    let mut server = MailServer::start("starttls");
    let local = format!("[local]\nsign_up = \"invite\"\n{}", server.section());
    let (app, admin) = start(&local).await;
    let email = "ben@example.com";
    let new = json!({ "username": "ben", "email": email });
    let user = created(post_as(&app, &admin, "/api/admin/users", &new).await).await;
    let mail = server.next().await;
    assert!(mail.text.contains("Your username is ben."), "{}", mail.text);
    let id = user["user"]["id"].as_str().expect("an id");
    let password = format!("/api/admin/users/{id}/password-link");
    let password = created(post_as(&app, &admin, &password, &json!({})).await).await;
    let to_set = server.next().await.text;
    let invite = json!({ "email": email });
    let invited = created(post_as(&app, &admin, "/api/admin/invitations", &invite).await).await;
    let invitation = server.next().await.text;
    assert!(invitation.contains("#invitation="), "{invitation}");
    for link in [&user["link"], &password, &invited] {
        assert_eq!(link["mailed_to"], email);
        assert_eq!(link.get("url"), None);
    }
    let token = token_in(&to_set, "token").lines().next();
    let body = json!({ "token": token, "new_password": PASSWORD });
    let set = post(&app, "/auth/password/reset", &body).await;
    assert_eq!(set.status(), 204);
    sign_in(&app, "ben", PASSWORD).await;
    // Without an address, the link is shown.
    let new = json!({ "username": "eve" });
    let user = created(post_as(&app, &admin, "/api/admin/users", &new).await).await;
    assert_eq!(user["link"].get("mailed_to"), None);
    url(&user["link"]);
}

#[tokio::test]
async fn link_that_the_mail_server_refuses_is_shown() {
    let server = SmtpServer::start(Behavior::Refuses).await;
    let (app, admin) = start(&format!("[local]\n{}", server.section())).await;
    create_with_email(&app, "ben", "ben@example.com").await;
    let id = id_of(&app, &admin, "ben").await;
    let path = format!("/api/admin/users/{id}/password-link");
    let link = created(post_as(&app, &admin, &path, &json!({})).await).await;
    assert_eq!(link.get("mailed_to"), None);
    assert_eq!(
        set_password(&app, &link, OTHER_PASSWORD).await.status(),
        204
    );
}
