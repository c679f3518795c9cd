//! Starts the notes API and tests it over HTTP.

use std::net::SocketAddr;

use latchkey_axum::{Latchkey, UserId};
use latchkey_testing::{ApiClient, refusal};
use notes_api::Table;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

struct RunningApp {
    client: ApiClient,
    auth: Latchkey,
    roles: Table,
    serving: JoinHandle<()>,
    _data: TempDir,
}

impl Drop for RunningApp {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[derive(Clone, Copy)]
enum ServedBy {
    Latchkey,
    Axum,
}

async fn run(served_by: ServedBy) -> RunningApp {
    let data = tempfile::tempdir().expect("a directory");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let url = format!("http://{address}");
    let roles = Table::default();
    let path = data.path().to_str().expect("a path");
    let auth = notes_api::open(&url, path, roles.clone()).await;
    let auth = auth.expect("opens");
    let app = notes_api::routes(auth.clone(), Table::default());
    let serving = match served_by {
        ServedBy::Latchkey => {
            let auth = auth.clone();
            tokio::spawn(async move {
                let serving = latchkey_axum::Serving::new(listener);
                let forever = std::future::pending();
                auth.serve_with(serving, app, forever)
                    .await
                    .expect("serves");
            })
        }
        ServedBy::Axum => tokio::spawn(async move {
            let app = app.into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener, app).await.expect("serves");
        }),
    };
    RunningApp {
        client: ApiClient::new(url),
        auth,
        roles,
        serving,
        _data: data,
    }
}

impl RunningApp {
    async fn text(&self, path: &str, token: &str) -> (u16, String) {
        let response = self.client.get_as(path, token).await;
        let status = response.status().as_u16();
        (status, response.text().await.expect("a body"))
    }

    async fn user(&self, token: &str) -> UserId {
        let me: Value = self
            .client
            .get_as("/api/me", token)
            .await
            .json()
            .await
            .expect("JSON");
        let id = me["sub"].as_str().and_then(|sub| sub.parse().ok());
        id.expect("an id")
    }
}

async fn notes_roles_and_revocation(served_by: ServedBy) {
    let app = run(served_by).await;
    // Refusals on the application's own routes also have a body and a challenge.
    let refused = app
        .client
        .get("/api/notes")
        .send()
        .await
        .expect("a response");
    let challenge = &refused.headers()["www-authenticate"];
    assert_eq!(challenge, r#"Bearer realm="latchkey""#);
    assert_eq!(refusal(refused).await, (401, "token_missing".to_owned()));
    let nested = app
        .client
        .get("/api/reports")
        .send()
        .await
        .expect("a response");
    assert_eq!(nested.status(), 401);

    let ada = app.client.sign_in_as("ada@example.com").await;
    let token = &ada.access_token;
    let added = app
        .client
        .post("/api/notes")
        .bearer_auth(token)
        .body("milk");
    assert_eq!(added.send().await.expect("a response").status(), 201);
    let notes = app.text("/api/notes", token).await;
    assert_eq!(notes, (200, r#"["milk"]"#.to_owned()));
    assert_eq!(app.text("/api/reports", token).await.0, 200);
    let bob = app.client.sign_in_as("bob@example.com").await;
    let notes = app.text("/api/notes", &bob.access_token).await;
    assert_eq!(notes, (200, "[]".to_owned()));

    // A change in the application's table of roles takes effect at the next refresh.
    assert_eq!(app.text("/api/notes/count", token).await.0, 403);
    let user = app.user(token).await;
    let editor = vec!["editor".to_owned()];
    app.roles.write().expect("the table").insert(user, editor);
    let editor = app.client.refreshed(&ada.refresh_token).await;
    let count = app.text("/api/notes/count", &editor.access_token).await;
    assert_eq!(count, (200, "1".to_owned()));
    app.roles.write().expect("the table").clear();
    let reader = app.client.refreshed(&editor.refresh_token).await;
    let token = &reader.access_token;
    assert_eq!(app.text("/api/notes/count", token).await.0, 403);

    // If the application ends a user's sessions, their next request is refused.
    let ended = app.auth.sessions().end_all(user).await;
    assert_eq!(ended.expect("ended"), 1);
    let refused = app.client.get_as("/api/notes", token).await;
    assert_eq!(refusal(refused).await, (401, "token_revoked".to_owned()));
    assert_eq!(app.text("/api/notes", &bob.access_token).await.0, 200);
    app.auth.shutdown().await;
}

#[tokio::test]
async fn notes_api_works_with_latchkeys_server() {
    notes_roles_and_revocation(ServedBy::Latchkey).await;
}

#[tokio::test]
async fn notes_api_works_with_axums_server() {
    notes_roles_and_revocation(ServedBy::Axum).await;
}

#[test]
fn example_has_at_most_80_lines() {
    let lines = |text: &str| text.lines().count();
    let total = lines(include_str!("../src/lib.rs")) + lines(include_str!("../src/main.rs"));
    assert!(total <= 80, "{total} lines");
}
