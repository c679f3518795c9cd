//! Log lines of refused requests: every kind is logged, up to its rate limit.

use std::collections::BTreeMap;
use std::fs;

use latchkey_axum::SystemClock;
use latchkey_core::Clock as _;
use serde_json::{Value, json};

use super::{RunningServer, arguments, latchkey};
use crate::app::claims;
use latchkey_testing::{ApiClient, Callback, ScriptedProvider, tokens};

/// Text from a provider or a client, which must not appear in the log.
const CANARY: &str = "canary-from-a-stranger";

/// The log lines about refusals.
fn refusals(log: &str) -> Vec<Value> {
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    lines
        .filter(|line: &Value| line["fields"]["message"] == "request refused")
        .collect()
}

/// Starts a server with this configuration, the demo provider and a JSON log.
pub(super) fn start(folder: &std::path::Path, config: &str) -> RunningServer {
    let config = format!("{config}[log]\nformat = \"json\"\n");
    fs::write(folder.join("latchkey.toml"), config).expect("written");
    let data_dir = folder.join("data");
    RunningServer::spawn(&mut latchkey(folder, &arguments(&data_dir, "127.0.0.1:0")))
}

/// Sets the times in the provider's ID tokens to the real time plus `ahead` seconds.
pub(super) fn set_token_times(provider: &ScriptedProvider, ahead: u64) {
    let now = SystemClock.now().as_secs() + ahead;
    let mut script = provider.script();
    script.claims["iat"] = json!(now);
    script.claims["exp"] = json!(now + 300);
}

pub(super) async fn sign_in(
    caller: &ApiClient,
    provider: &ScriptedProvider,
    more: &[(&str, &str)],
) -> reqwest::Response {
    let begun = caller.begin("a").await;
    let mut callback: Callback = provider.approve(&begun);
    for (name, value) in more {
        callback.insert((*name).to_owned(), (*value).to_owned());
    }
    caller.finish(&begun.cookie, &callback).await
}

/// What the log line of a refusal must contain.
struct Expected {
    code: &'static str,
    provider: Option<&'static str>,
    cause: &'static str,
    request_id: Option<String>,
}

#[derive(Default)]
struct Refusals(Vec<Expected>);

impl Refusals {
    async fn refused(
        &mut self,
        response: reqwest::Response,
        code: &'static str,
        provider: Option<&'static str>,
        cause: &'static str,
    ) {
        assert!(
            response.status().is_client_error() || response.status() == 503,
            "{code}"
        );
        let body: Value = response.json().await.expect("JSON");
        assert_eq!(body["code"], code);
        let request_id = body["request_id"].as_str().map(str::to_owned);
        assert!(request_id.is_some(), "{code}");
        self.0.push(Expected {
            code,
            provider,
            cause,
            request_id,
        });
    }
}

impl Refusals {
    /// Refusals caused by the provider or by its configuration.
    async fn by_providers(&mut self, caller: &ApiClient, provider: &ScriptedProvider) {
        let a = Some("a");
        provider.refuse(&json!({
            "error": "invalid_client", "error_description": CANARY, "error_uri": CANARY,
        }));
        let response = sign_in(caller, provider, &[]).await;
        self.refused(response, "provider_refused", a, "client")
            .await;
        provider.script().overrides.clear();

        set_token_times(provider, 600);
        let response = sign_in(caller, provider, &[]).await;
        self.refused(response, "provider_invalid", a, "in the future")
            .await;
        set_token_times(provider, 0);

        let response = sign_in(caller, provider, &[("iss", CANARY)]).await;
        self.refused(response, "provider_invalid", a, "from another issuer")
            .await;
        let another = json!({ "sub": CANARY });
        provider.script().userinfo = another;
        let response = sign_in(caller, provider, &[]).await;
        self.refused(response, "provider_invalid", a, "about another subject")
            .await;
        provider.script().userinfo = Value::Null;
        let response = caller.get("/auth/login?provider=down").send().await;
        let response = response.expect("a response");
        self.refused(response, "provider_unavailable", Some("down"), "")
            .await;
        let page = caller.get("/auth/login?provider=down");
        let page = page.header("accept", "text/html").send().await;
        assert_eq!(page.expect("a response").status(), 303);
        self.0.push(Expected {
            code: "provider_unavailable",
            provider: Some("down"),
            cause: "",
            request_id: None,
        });
    }

    /// Refusals of known users: not admitted, not an administrator, replayed token, banned.
    async fn of_users(&mut self, caller: &ApiClient, provider: &ScriptedProvider) {
        let a = Some("a");
        provider.script().claims["email"] = json!(format!("{CANARY}@example.org"));
        let response = sign_in(caller, provider, &[]).await;
        self.refused(response, "not_admitted", a, "not on the allow-list")
            .await;
        provider.script().claims["email"] = json!("ada@example.com");
        provider.script().claims["email_verified"] = json!(false);
        let response = sign_in(caller, provider, &[]).await;
        let unverified = "does not say that the email address is verified";
        self.refused(response, "not_admitted", a, unverified).await;
        provider.script().claims["email_verified"] = json!(true);

        let ada = tokens(sign_in(caller, provider, &[]).await).await;
        let export = "/api/admin/export";
        let response = caller.get_as(export, &ada.access_token).await;
        self.refused(
            response,
            "forbidden",
            None,
            "does not have the `admin` role",
        )
        .await;
        let newer = caller.refreshed(&ada.refresh_token).await;
        caller.refreshed(&newer.refresh_token).await;
        let response = caller.refresh(&ada.refresh_token, None).await;
        self.refused(response, "refresh_replayed", None, "used twice")
            .await;

        let grace = caller.sign_in_as("grace@example.com").await.access_token;
        let sub = claims(&ada.access_token)["sub"].as_str().map(str::to_owned);
        let path = format!("/api/admin/users/{}/ban", sub.expect("text"));
        let ban = caller.post(&path).bearer_auth(&grace);
        let ban = ban.json(&json!({ "reason": "spam" })).send().await;
        assert_eq!(ban.expect("a response").status(), 204);
        let response = sign_in(caller, provider, &[]).await;
        self.refused(response, "banned", a, "banned").await;
    }

    /// Refusals of requests that our own client never sends.
    async fn of_strangers(&mut self, caller: &ApiClient, provider: &ScriptedProvider) {
        let response = sign_in(caller, provider, &[("state", CANARY)]).await;
        let nothing = "no matching sign-in in this browser";
        self.refused(response, "sign_in_not_found", None, nothing)
            .await;
        let form = [("grant_type", "refresh_token"), ("refresh_token", CANARY)];
        let request = || caller.post("/auth/token").form(&form);
        let response = request().header("dpop", CANARY).send().await;
        let response = response.expect("a response");
        let bad = "the DPoP proof is invalid";
        self.refused(response, "invalid_dpop_proof", None, bad)
            .await;
        let response = request().basic_auth("x", Some(CANARY)).send().await;
        let response = response.expect("a response");
        let none = "does not use client credentials";
        self.refused(response, "invalid_request", None, none).await;
    }
}

#[tokio::test]
async fn security_70_86_every_refusal_is_logged_once() {
    let folder = tempfile::tempdir().expect("a directory");
    let provider = ScriptedProvider::start().await;
    let admission = "admins = [\"demo:grace@example.com\"]\n[admission]\nmode = \"allow-list\"\n\
        domains = [\"a:example.com\", \"demo:example.com\"]\n";
    // The other provider is unreachable.
    let down = ScriptedProvider::section_of("down", "http://127.0.0.1:1");
    let config = format!("{admission}{}{down}", provider.section("a"));
    let server = start(folder.path(), &config);
    let caller = server.caller.clone();
    set_token_times(&provider, 0);
    let userinfo = format!("{}/userinfo", provider.issuer);
    provider.script().metadata["userinfo_endpoint"] = json!(userinfo);
    let mut expected_refusals = Refusals::default();
    expected_refusals.by_providers(&caller, &provider).await;
    expected_refusals.of_users(&caller, &provider).await;
    expected_refusals.of_strangers(&caller, &provider).await;

    let log = server.stop();
    assert!(!log.contains(CANARY), "{log}");
    let lines = refusals(&log);
    assert_eq!(lines.len(), expected_refusals.0.len(), "{log}");
    for (line, expected) in lines.iter().zip(&expected_refusals.0) {
        let fields = &line["fields"];
        let code = expected.code;
        assert_eq!(line["level"], "WARN", "{code}");
        assert_eq!(fields["code"], code);
        assert_eq!(fields["provider"].as_str(), expected.provider, "{code}");
        assert_eq!(fields["address"], "127.0.0.1", "{code}");
        let cause = fields["cause"].as_str().expect("text");
        assert!(cause.contains(expected.cause), "{code}: {cause}");
        if code == "refresh_replayed" {
            assert!(fields["session"].is_string() && fields["user"].is_string());
        }
        if let Some(id) = &expected.request_id {
            assert_eq!(line["span"]["request_id"], **id, "{code}");
        }
    }
}

#[tokio::test]
async fn security_70_86_a_flood_of_refusals_does_not_fill_the_log() {
    const FLOOD: usize = 500;
    let folder = tempfile::tempdir().expect("a directory");
    let server = start(folder.path(), "");
    let caller = server.caller.clone();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", "x"),
        ("state", "y"),
        ("redirect_uri", "z"),
    ];
    let mut ids = BTreeMap::new();
    for number in 0..FLOOD {
        let response = caller.token(&form).await;
        let body: Value = response.json().await.expect("JSON");
        assert_eq!(body["code"], "sign_in_not_found");
        let id = body["request_id"].as_str().expect("text").to_owned();
        assert!(id.len() >= 16, "{id} is too short");
        assert_eq!(ids.insert(id, number), None);
    }
    // Another kind of refusal is still logged.
    let response = caller
        .token(&[("grant_type", "x"), ("client_secret", "y")])
        .await;
    assert_eq!(response.status(), 401);
    let log = server.stop();
    let lines = refusals(&log);
    let logged = |code: &str| {
        lines
            .iter()
            .filter(|it| it["fields"]["code"] == code)
            .count()
    };
    let lines_of_flood = logged("sign_in_not_found");
    assert!(
        (1..FLOOD / 2).contains(&lines_of_flood),
        "{lines_of_flood} lines for {FLOOD} refusals"
    );
    assert_eq!(logged("invalid_request"), 1);
}

/// SECURITY 69: an unauthenticated client learns that a provider fails, but not why.
#[tokio::test]
async fn security_69_94_error_responses_do_not_reveal_why_a_provider_failed() {
    let folder = tempfile::tempdir().expect("a directory");
    let provider = ScriptedProvider::start().await;
    let config = format!(
        "{}{}",
        provider.section("a"),
        ScriptedProvider::section_of("down", "http://127.0.0.1:1")
    );
    let server = start(folder.path(), &config);
    let caller = server.caller.clone();
    set_token_times(&provider, 0);
    let mut responses = Vec::new();
    let response = caller.get("/auth/login?provider=down").send().await;
    responses.push(response.expect("a response"));
    for (name, script) in [
        ("iat", json!(1)),
        ("aud", json!("other")),
        ("nonce", json!(null)),
    ] {
        provider.script().claims[name] = script;
        responses.push(sign_in(&caller, &provider, &[]).await);
        set_token_times(&provider, 0);
        provider.script().claims["aud"] = json!("client-1");
    }
    provider.refuse(&json!({ "error": "invalid_client" }));
    responses.push(sign_in(&caller, &provider, &[]).await);
    for response in responses {
        let body = response.text().await.expect("a body");
        for detail in [
            "127.0.0.1",
            "refused (os",
            "os error",
            "client_id",
            "client_secret",
            "console",
            "token endpoint",
            "ID token",
            "audience",
        ] {
            assert!(!body.contains(detail), "{detail}: {body}");
        }
    }
}
