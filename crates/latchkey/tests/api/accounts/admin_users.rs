//! The admin API for users: search, roles, bans with an end.

use std::collections::BTreeSet;
use std::time::Duration;

use latchkey_core::Clock as _;
use latchkey_testing::{code, tokens};
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{TestApp, claims};

const CONFIG: &str = "demo = true\nadmins = [\"grace@example.com\"]";

fn sub(access_token: &str) -> String {
    let claims = claims(access_token);
    claims["sub"].as_str().expect("text").to_owned()
}

async fn get(app: &TestApp, admin: &str, path: &str) -> Value {
    let response = app.get_as(path, admin).await;
    assert_eq!(response.status(), 200, "{path}");
    response.json().await.expect("JSON")
}

async fn set_roles(app: &TestApp, admin: &str, user: &str, roles: &Value) -> (u16, Value) {
    let path = format!("{}/api/admin/users/{user}/roles", app.url);
    let request = app.http.put(path).bearer_auth(admin);
    let response = request.json(&json!({ "roles": roles })).send().await;
    let response = response.expect("a response");
    let status = response.status().as_u16();
    (status, response.json().await.expect("JSON"))
}

fn emails(page: &Value) -> Vec<&str> {
    let users = page["users"].as_array().expect("users");
    users
        .iter()
        .map(|user| user["email"].as_str().expect("an address"))
        .collect()
}

#[tokio::test]
async fn users_are_listed_newest_first_and_found_by_address_name_status_and_role() {
    let app = TestApp::with(CONFIG).await;
    let admin = app.sign_in_as("grace@example.com").await.access_token;
    for name in ["ada", "bob", "mary"] {
        app.clock.advance(Duration::from_secs(1));
        app.sign_in_as(&format!("{name}@example.com")).await;
    }
    let all = get(&app, &admin, "/api/admin/users").await;
    assert_eq!(
        emails(&all),
        ["mary", "bob", "ada", "grace"].map(|name| format!("{name}@example.com"))
    );
    assert_eq!(all.get("next"), None);
    let grace = &all["users"][3];
    assert_eq!(grace["roles"], json!(["admin"]));
    assert_eq!(grace["granted_roles"], json!([]));
    assert_eq!(grace["provider"], "demo");
    assert_eq!(grace["identities"][0]["provider"], "demo");
    let id = grace["id"].as_str().expect("text");
    let one = get(&app, &admin, &format!("/api/admin/users/{id}")).await;
    assert_eq!(one, *grace);

    let bob = all["users"][1]["id"].as_str().expect("text");
    let (status, user) = set_roles(&app, &admin, bob, &json!(["editor", "admin", "editor"])).await;
    assert_eq!(
        (status, &user["granted_roles"]),
        (200, &json!(["admin", "editor"]))
    );
    let ban = app.post(&format!("/api/admin/users/{bob}/ban"));
    let ban = ban.bearer_auth(&admin).json(&json!({ "reason": "spam" }));
    assert_eq!(ban.send().await.expect("a response").status(), 204);
    for (query, expected) in [
        ("q=BOB%40ex", &["bob@example.com"][..]),
        ("q=nobody", &[]),
        ("role=editor", &["bob@example.com"]),
        ("role=edit", &[]),
        ("status=banned", &["bob@example.com"]),
        ("status=banned&q=a", &[]),
        ("status=active&q=ma", &["mary@example.com"]),
        ("limit=1", &["mary@example.com"]),
    ] {
        let page = get(&app, &admin, &format!("/api/admin/users?{query}")).await;
        assert_eq!(emails(&page), expected, "{query}");
    }
    let page = get(&app, &admin, "/api/admin/users?status=banned").await;
    assert_eq!(page["users"][0]["ban"]["reason"], "spam");
    let next = get(&app, &admin, "/api/admin/users?q=a&limit=1").await["next"].clone();
    let next = next.as_str().expect("more pages");
    for query in [
        "status=gone",
        "limit=0",
        "limit=x",
        "before=x",
        "before=dQ",
        &format!("q=b&before={next}"),
    ] {
        let response = app
            .get_as(&format!("/api/admin/users?{query}"), &admin)
            .await;
        assert_eq!(
            code(response).await,
            (400, "invalid_request".into()),
            "{query}"
        );
    }
    for path in [
        "users/x",
        "users/AAAAAAAAAAAAAAAAAAAAAA",
        "users/x/sessions",
    ] {
        let response = app.get_as(&format!("/api/admin/{path}"), &admin).await;
        assert_eq!(code(response).await, (404, "not_found".into()), "{path}");
    }
}

#[tokio::test]
async fn pages_contain_each_user_once_while_users_are_added() {
    let app = TestApp::with(CONFIG).await;
    let admin = app.sign_in_as("grace@example.com").await.access_token;
    let mut expected = BTreeSet::new();
    for number in 0..12 {
        let email = format!("user-{number}@example.com");
        app.sign_in_as(&email).await;
        expected.insert(email);
    }
    for (round, query) in ["limit=5", "limit=5&q=user"].iter().enumerate() {
        let mut found = Vec::new();
        let mut path = format!("/api/admin/users?{query}");
        for number in 0.. {
            let page = get(&app, &admin, &path).await;
            found.extend(emails(&page).into_iter().map(str::to_owned));
            let Some(next) = page["next"].as_str() else {
                break;
            };
            path = format!("/api/admin/users?{query}&before={next}");
            app.sign_in_as(&format!("added-{round}-{number}@example.com"))
                .await;
        }
        let unique: BTreeSet<_> = found.iter().cloned().collect();
        assert_eq!(unique.len(), found.len(), "duplicates for {query}");
        assert!(unique.is_superset(&expected), "{query}: {unique:?}");
    }
}

#[tokio::test]
async fn granted_roles_apply_from_the_next_refresh_and_removed_roles_end_immediately() {
    let app = TestApp::with(CONFIG).await;
    let admin = app.sign_in_as("grace@example.com").await.access_token;
    let ada = app.sign_in().await;
    let id = sub(&ada.access_token);
    let (status, user) = set_roles(&app, &admin, &id, &json!(["admin", "notes:edit"])).await;
    assert_eq!(
        (status, &user["roles"]),
        (200, &json!(["admin", "notes:edit"]))
    );
    let list = |token: String| {
        let app = &app;
        async move {
            app.get_as("/api/admin/users", &token)
                .await
                .status()
                .as_u16()
        }
    };
    assert_eq!(list(ada.access_token.clone()).await, 403, "an old token");
    let refreshed = app.refreshed(&ada.refresh_token).await;
    let roles = claims(&refreshed.access_token)["roles"].clone();
    assert_eq!(roles, json!(["admin", "notes:edit"]));
    assert_eq!(list(refreshed.access_token.clone()).await, 200);

    // The user sees that something changed, but not who did it.
    let activity = app.get_as("/api/activity", &refreshed.access_token).await;
    let activity: Value = activity.json().await.expect("JSON");
    assert_eq!(activity["events"][0]["kind"], "roles_changed");
    assert!(activity["events"][0].get("actor").is_none());
    // The audit log says what changed.
    let path = format!("/api/admin/audit?kind=roles_changed&user={id}");
    let record = app.get_as(&path, &admin).await;
    let record: Value = record.json().await.expect("JSON");
    let detail = &record["events"][0]["detail"];
    assert_eq!(detail, "[] -> [admin notes:edit]", "{record}");

    let (status, _) = set_roles(&app, &admin, &id, &json!([])).await;
    assert_eq!(status, 200);
    assert_eq!(list(refreshed.access_token).await, 403, "a removed role");
    let again = app.refreshed(&refreshed.refresh_token).await;
    assert_eq!(claims(&again.access_token)["roles"], json!([]));

    let many: Vec<_> = (0..33).map(|number| number.to_string()).collect();
    for invalid in [json!(["Admin"]), json!([""]), json!(["a b"]), json!(many)] {
        let (status, problem) = set_roles(&app, &admin, &id, &invalid).await;
        assert_eq!((status, &problem["code"]), (400, &json!("invalid_request")));
    }
    let (status, _) = set_roles(&app, &admin, "AAAAAAAAAAAAAAAAAAAAAA", &json!([])).await;
    assert_eq!(status, 404);
    // Granted roles survive a restart.
    set_roles(&app, &admin, &id, &json!(["admin"])).await;
    let app = app.restarted().await;
    let again = app.refreshed(&again.refresh_token).await;
    assert_eq!(claims(&again.access_token)["roles"], json!(["admin"]));
}

#[tokio::test]
async fn a_ban_with_an_end_ends_by_itself() {
    let app = TestApp::with(CONFIG).await;
    let admin = app.sign_in_as("grace@example.com").await.access_token;
    let ada = app.sign_in().await;
    let id = sub(&ada.access_token);
    let path = format!("/api/admin/users/{id}/ban");
    let now = app.clock.now().as_secs();
    let ban = |until: u64| {
        let request = app.post(&path).bearer_auth(&admin);
        request
            .json(&json!({ "reason": "spam", "until": until }))
            .send()
    };
    let past = ban(now).await.expect("a response");
    assert_eq!(code(past).await, (400, "invalid_request".into()));
    assert_eq!(ban(now + 300).await.expect("a response").status(), 204);
    app.refresh_is_refused(&ada.refresh_token).await;
    let user = get(&app, &admin, &format!("/api/admin/users/{id}")).await;
    assert_eq!(user["ban"]["until"], now + 300);
    let sign_in = || async {
        let begun = app.begin("demo").await;
        let callback = app.approve(&begun, "ada@example.com").await;
        app.finish(&begun.cookie, &callback).await
    };
    assert_eq!(code(sign_in().await).await, (400, "banned".into()));
    app.clock.advance(Duration::from_secs(301));
    let again = tokens(sign_in().await).await;
    assert_eq!(app.check(&again.access_token).await, Ok(()));
    // The sessions that the ban ended stay ended.
    app.refresh_is_refused(&ada.refresh_token).await;
    assert_eq!(
        app.check(&ada.access_token).await,
        Err("token_revoked".into())
    );
    let user = get(&app, &admin, &format!("/api/admin/users/{id}")).await;
    assert_eq!(user.get("ban"), None);
}

/// Every path below `/api/admin`, with every method: the paths are read from the source, so that a
/// new route is checked too.
#[tokio::test]
async fn security_28_every_admin_route_refuses_everyone_but_current_administrators() {
    let source = include_str!("../../../../types/src/paths.rs");
    let paths: Vec<_> = source
        .lines()
        .filter(|line| line.starts_with("pub const API_ADMIN"))
        .filter_map(|line| line.split('"').nth(1))
        .map(|path| {
            let path = path.replace("{kind}", "token");
            path.replace("{id}", "AAAAAAAAAAAAAAAAAAAAAA")
        })
        .collect();
    assert!(paths.len() >= 10, "{paths:?}");

    let app = TestApp::with(CONFIG).await;
    let grace = app.sign_in_as("grace@example.com").await.access_token;
    let ada = app.sign_in().await.access_token;
    let former = app.sign_in_as("bob@example.com").await;
    let id = sub(&former.access_token);
    assert_eq!(set_roles(&app, &grace, &id, &json!(["admin"])).await.0, 200);
    let former = app.refreshed(&former.refresh_token).await.access_token;
    assert_eq!(app.get_as("/api/admin/users", &former).await.status(), 200);
    assert_eq!(set_roles(&app, &grace, &id, &json!([])).await.0, 200);

    for path in paths {
        let mut routes = 0;
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ] {
            for (token, expected) in [
                (Some(&ada), (403, "forbidden")),
                (Some(&former), (403, "forbidden")),
                (None, (401, "token_missing")),
            ] {
                let url = format!("{}{path}", app.url);
                let mut request = app.http.request(method.clone(), url);
                if let Some(token) = token {
                    request = request.bearer_auth(token);
                }
                let response = request.send().await.expect("a response");
                let challenge = response.headers().get("www-authenticate").cloned();
                let (status, code) = code(response).await;
                if (status, &*code) != (405, "method_not_allowed") {
                    assert_eq!((status, &*code), expected, "{method} {path}");
                    let challenge = challenge.expect("a challenge");
                    let challenge = challenge.to_str().expect("text");
                    let refused = challenge.contains("insufficient_scope");
                    assert_eq!(refused, status == 403, "{challenge}");
                    routes += 1;
                }
            }
        }
        assert!(routes >= 3, "{path} has no route");
    }
    assert_eq!(app.check(&grace).await, Ok(()));
}

/// Lists require only the role; changes also require a recent sign-in.
#[tokio::test]
async fn changes_need_a_recent_sign_in_and_lists_do_not() {
    let app = TestApp::with(CONFIG).await;
    let admin = app.sign_in_as("grace@example.com").await;
    app.clock.advance(Duration::from_mins(11));
    let admin = app.refreshed(&admin.refresh_token).await.access_token;
    for path in ["users", "sessions", "denials", "keys"] {
        get(&app, &admin, &format!("/api/admin/{path}")).await;
    }
    let id = sub(&admin);
    for (method, path) in [
        (Method::PUT, format!("users/{id}/roles")),
        (Method::POST, format!("users/{id}/ban")),
        (Method::DELETE, format!("users/{id}/ban")),
        (Method::DELETE, format!("sessions/{id}")),
        (Method::POST, "denials".to_owned()),
        (Method::DELETE, format!("denials/token/{id}")),
        (Method::POST, "keys".to_owned()),
    ] {
        let url = format!("{}/api/admin/{path}", app.url);
        let request = app.http.request(method.clone(), url).bearer_auth(&admin);
        let response = request.send().await.expect("a response");
        let expected = (401, "step_up_required".to_owned());
        assert_eq!(code(response).await, expected, "{method} {path}");
    }
}
