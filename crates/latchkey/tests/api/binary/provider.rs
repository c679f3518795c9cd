//! Log lines about providers that an operator needs to see.

use serde_json::{Value, json};

use super::refusals::{set_token_times, sign_in, start};
use latchkey_testing::{ScriptedProvider, ScriptedResponse};

/// The first line of the log whose message contains `message`.
fn line(log: &str, message: &str) -> Value {
    let lines = log.lines();
    let mut lines = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let matches = |line: &Value| {
        let text = line["fields"]["message"].as_str();
        text.is_some_and(|text| text.contains(message))
    };
    lines
        .find(matches)
        .unwrap_or_else(|| panic!("no {message:?} in {log}"))
}

#[tokio::test]
async fn a_foreign_issuer_is_logged_with_the_configured_issuer() {
    let provider = ScriptedProvider::start().await;
    let foreign = format!("https://other.example/\n{}", "a".repeat(1000));
    provider.script().metadata["issuer"] = foreign.as_str().into();
    let folder = tempfile::tempdir().expect("a directory");
    let server = start(folder.path(), &provider.section("a"));
    let response = server.caller.get("/auth/login?provider=a").send().await;
    assert_eq!(response.expect("a response").status(), 400);
    let log = server.stop();
    let fields = &line(&log, "another issuer")["fields"];
    assert_eq!(fields["configured"], provider.issuer);
    let discovered = fields["discovered"].as_str().expect("text");
    assert!(
        discovered.contains("https://other.example/\\n"),
        "{discovered}"
    );
    assert!(discovered.len() < 250, "{discovered}");
}

#[tokio::test]
async fn a_refused_userinfo_request_is_logged_as_a_warning() {
    let provider = ScriptedProvider::start().await;
    let endpoint = format!("{}/userinfo", provider.issuer);
    provider.script().metadata["userinfo_endpoint"] = endpoint.into();
    let refusal = ScriptedResponse::json(403, &json!({ "error": "canary" }));
    provider
        .script()
        .overrides
        .insert(ScriptedProvider::USERINFO, refusal);
    set_token_times(&provider, 0);
    let folder = tempfile::tempdir().expect("a directory");
    let server = start(folder.path(), &provider.section("a"));
    let response = sign_in(&server.caller, &provider, &[]).await;
    assert_eq!(response.status(), 200);
    let log = server.stop();
    let line = line(&log, "userinfo request failed");
    assert_eq!(line["level"], "WARN");
    assert_eq!(line["fields"]["provider"], "a");
    assert_eq!(line["fields"]["status"], 403);
    assert!(!log.contains("canary"), "{log}");
}

#[tokio::test]
async fn the_redirect_uris_to_register_are_logged() {
    let folder = tempfile::tempdir().expect("a directory");
    let sections = ScriptedProvider::section_of("one", "http://127.0.0.1:9")
        + &ScriptedProvider::section_of("two", "http://127.0.0.1:9");
    let server = start(folder.path(), &sections);
    let url = server.caller.url.clone();
    let log = server.stop();
    for name in ["one", "two"] {
        let expected = format!("{url}/callback/{name}");
        let logged = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|line| line["fields"]["provider"] == name)
            .any(|line| line["fields"]["redirect_uri"] == expected.as_str());
        assert!(logged, "{expected} is not in {log}");
    }
}

#[test]
fn a_provider_that_cannot_confirm_a_recent_sign_in_is_logged_at_startup() {
    let message = "users who can sign in only with this provider";
    // Neither provider reports when it authenticated the user (`auth_time`). By default, a step-up
    // with GitHub requires `auth_time`, but one with Google does not.
    for (provider, strict) in [("github", ""), ("google", "step_up = \"auth_time\"")] {
        let log_with = |step_up: &str| {
            let folder = tempfile::tempdir().expect("a directory");
            let section = format!(
                "[providers.{provider}]\nclient_id = \"a\"\nclient_secret = \"b\"\n\
                 {step_up}\n"
            );
            start(folder.path(), &section).stop()
        };
        let log = log_with(strict);
        assert_eq!(line(&log, message)["fields"]["provider"], provider);
        let log = log_with("step_up = \"sign_in_again\"");
        assert!(!log.contains(message), "{log}");
    }
}
