//! Signing in with GitHub.

use latchkey_testing::{ScriptedGitHub, claims, code, header, tokens};
use reqwest::header::ACCEPT;
use serde_json::json;

use crate::app::TestApp;

async fn start() -> (ScriptedGitHub, TestApp) {
    let github = ScriptedGitHub::start().await;
    let app = TestApp::with(&github.section("github")).await;
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
