//! Signing in with GitHub.

use std::time::Duration;

use latchkey_testing::{ScriptedGitHub, claims, code, header, tokens};
use reqwest::header::ACCEPT;
use serde_json::json;

use crate::app::TestApp;

async fn start() -> (ScriptedGitHub, TestApp) {
    start_with("").await
}

/// Starts a server with these additional keys in the provider's configuration.
async fn start_with(keys: &str) -> (ScriptedGitHub, TestApp) {
    let github = ScriptedGitHub::start().await;
    let app = TestApp::with(&format!("{}{keys}", github.section("github"))).await;
    (github, app)
}

#[tokio::test]
async fn github_user_signs_in_and_keeps_the_account_when_renamed() {
    let (github, app) = start().await;
    let providers = app.get("/auth/providers").send().await;
    let providers: serde_json::Value = providers.expect("a response").json().await.expect("JSON");
    assert_eq!(
        providers["providers"],
        json!([{ "id": "github", "label": "GitHub", "kind": "github" }])
    );
    let first = tokens(github.sign_in(&app, "github").await).await;
    let first = claims(&first.access_token);
    assert_eq!(first["email"], "ada@example.com");
    assert_eq!(first["email_verified"], true);
    assert_eq!(first["name"], "Ada Lovelace");

    github.script().user["login"] = json!("countess");
    github.script().emails[0]["email"] = json!("countess@example.com");
    let second = tokens(github.sign_in(&app, "github").await).await;
    let second = claims(&second.access_token);
    assert_eq!(second["sub"], first["sub"], "the numeric id is the subject");
    assert_eq!(second["email"], "countess@example.com");

    // Another GitHub user takes the abandoned address.
    github.script().user["id"] = json!(7);
    github.script().emails[0]["email"] = json!("ada@example.com");
    let third = tokens(github.sign_in(&app, "github").await).await;
    assert_ne!(claims(&third.access_token)["sub"], first["sub"]);
}

#[tokio::test]
async fn refused_code_and_outage_of_github_are_reported() {
    let (github, app) = start().await;
    let begun = app.begin("github").await;
    let mut callback = github.approve(&begun.authorize);
    callback.insert("code".into(), "forged".into());
    let response = app.finish(&begun.cookie, &callback).await;
    assert_eq!(code(response).await, (400, "provider_refused".into()));

    let outage = latchkey_testing::ScriptedResponse::json(503, &json!({}));
    github
        .script()
        .overrides
        .insert(ScriptedGitHub::USER, outage);
    let response = github.sign_in(&app, "github").await;
    assert_eq!(code(response).await, (503, "provider_unavailable".into()));
}

#[tokio::test]
async fn step_up_with_github_is_refused_with_the_reason() {
    let (_github, app) = start().await;
    let path = "/auth/login?provider=github&prompt=login&max_age=600";
    let response = app.get(path).send().await.expect("a response");
    assert_eq!(response.status(), 400);
    let problem: serde_json::Value = response.json().await.expect("JSON");
    assert_eq!(problem["code"], "step_up_required");
    let detail = problem["detail"].as_str().expect("text");
    assert!(detail.contains("does not report when"), "{detail}");
    // A browser gets the page that explains it.
    let browser = app.get(path).header(ACCEPT, "text/html").send().await;
    let browser = browser.expect("a response");
    let target = header(&browser, "location");
    assert_eq!(target, "/callback?error=step_up_unsupported");
}

#[tokio::test]
async fn step_up_with_github_is_a_new_sign_in_if_that_is_configured() {
    let keys = "step_up = \"sign_in_again\"\nselect_account = false\n";
    let (github, app) = start_with(keys).await;
    let ordinary = app.begin("github").await;
    assert_eq!(prompt(&ordinary.authorize), None, "select_account = false");
    let first = tokens(github.sign_in(&app, "github").await).await;
    let sub = claims(&first.access_token)["sub"].clone();
    assert_eq!(claims(&first.access_token).get("auth_time"), None);
    let path = "/api/sessions";
    let refused = app.delete_as(path, &first.access_token).await;
    assert_eq!(code(refused).await, (401, "step_up_required".into()));

    let sub = sub.as_str().expect("text");
    let step_up = format!("/auth/login?provider=github&prompt=login&max_age=600&account={sub}");
    let begun = app.begin_at(&step_up).await;
    assert_eq!(prompt(&begun.authorize).as_deref(), Some("select_account"));
    let callback = github.approve(&begun.authorize);
    let again = tokens(app.finish(&begun.cookie, &callback).await).await;
    assert_eq!(claims(&again.access_token)["sub"], json!(sub));
    assert_eq!(claims(&again.access_token)["auth_time"], 1_800_000_000);
    // The callback works only once.
    let replayed = app.finish(&begun.cookie, &callback).await;
    assert_eq!(code(replayed).await, (400, "sign_in_not_found".into()));
    let ended = app.delete_as(path, &again.access_token).await;
    assert_eq!(ended.status(), 204);

    // The step-up counts as recent for ten minutes.
    app.clock.advance(Duration::from_secs(601));
    let later = app.refreshed(&again.refresh_token).await.access_token;
    let refused = app.delete_as(path, &later).await;
    assert_eq!(code(refused).await, (401, "step_up_required".into()));
}

#[tokio::test]
async fn step_up_with_another_github_user_is_refused() {
    let (github, app) = start_with("step_up = \"sign_in_again\"\n").await;
    let first = tokens(github.sign_in(&app, "github").await).await;
    let sub = claims(&first.access_token)["sub"].clone();
    let sub = sub.as_str().expect("text");
    let path = format!("/auth/login?provider=github&prompt=login&max_age=600&account={sub}");
    let begun = app.begin_at(&path).await;
    github.script().user["id"] = json!(7);
    let callback = github.approve(&begun.authorize);
    let response = app.finish(&begun.cookie, &callback).await;
    assert_eq!(code(response).await, (400, "other_account".into()));
    assert_eq!(app.check(&first.access_token).await, Ok(()));
}

fn prompt(authorize: &url::Url) -> Option<String> {
    let mut pairs = authorize.query_pairs();
    let prompt = pairs.find(|(name, _)| name == "prompt");
    prompt.map(|(_, value)| value.into_owned())
}
