//! What an operator reads of refusals: a line for each, and no flood.

use std::collections::BTreeMap;
use std::fs;

use latchkey_axum::SystemClock;
use latchkey_core::Clock as _;
use serde_json::{Value, json};

use super::{Running, arguments, latchkey};
use crate::app::claims;
use latchkey_testing::{ApiClient, Callback, ScriptedProvider, tokens};

/// What a provider or a client wrote; none of it may be in the log.
const CANARY: &str = "canary-of-a-stranger";

/// The lines of the log that are about refusals.
fn refusals(log: &str) -> Vec<Value> {
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    lines
        .filter(|line: &Value| line["fields"]["message"] == "request refused")
        .collect()
}

/// With this configuration and the demo provider; its log can be read by programs.
pub(super) fn start(folder: &std::path::Path, config: &str) -> Running {
    let config = format!("{config}[log]\nformat = \"json\"\n");
    fs::write(folder.join("latchkey.toml"), config).expect("written");
    let data_dir = folder.join("data");
    Running::spawn(&mut latchkey(folder, &arguments(&data_dir, "127.0.0.1:0")))
}

/// Makes what the provider says fit the real time.
pub(super) fn at_present(provider: &ScriptedProvider, ahead: u64) {
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

/// What was asked for, and what its line must say.
struct Expected {
    code: &'static str,
    provider: Option<&'static str>,
    cause: &'static str,
    request_id: Option<String>,
}

#[derive(Default)]
struct Walk(Vec<Expected>);

impl Walk {
    async fn refused(
        &mut self,
        answer: reqwest::Response,
        code: &'static str,
        provider: Option<&'static str>,
        cause: &'static str,
    ) {
        assert!(
            answer.status().is_client_error() || answer.status() == 503,
            "{code}"
        );
        let body: Value = answer.json().await.expect("JSON");
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

impl Walk {
    /// What a provider gets wrong, or who runs the client there.
    async fn of_providers(&mut self, caller: &ApiClient, provider: &ScriptedProvider) {
        let a = Some("a");
        provider.refuse(&json!({
            "error": "invalid_client", "error_description": CANARY, "error_uri": CANARY,
        }));
        let answer = sign_in(caller, provider, &[]).await;
        self.refused(answer, "provider_refused", a, "client").await;
        provider.script().instead.clear();

        at_present(provider, 600);
        let answer = sign_in(caller, provider, &[]).await;
        self.refused(answer, "provider_invalid", a, "in the future")
            .await;
        at_present(provider, 0);

        let answer = sign_in(caller, provider, &[("iss", CANARY)]).await;
        self.refused(answer, "provider_invalid", a, "from another issuer")
            .await;
        let another = json!({ "sub": CANARY });
        provider.script().userinfo = another;
        let answer = sign_in(caller, provider, &[]).await;
        self.refused(answer, "provider_invalid", a, "about another person")
            .await;
        provider.script().userinfo = Value::Null;
        let answer = caller.get("/auth/login?provider=down").send().await;
        let answer = answer.expect("an answer");
        self.refused(answer, "provider_unavailable", Some("down"), "")
            .await;
        let page = caller.get("/auth/login?provider=down");
        let page = page.header("accept", "text/html").send().await;
        assert_eq!(page.expect("an answer").status(), 303);
        self.0.push(Expected {
            code: "provider_unavailable",
            provider: Some("down"),
            cause: "",
            request_id: None,
        });
    }

    /// Who may not.
    async fn of_persons(&mut self, caller: &ApiClient, provider: &ScriptedProvider) {
        let a = Some("a");
        provider.script().claims["email"] = json!(format!("{CANARY}@example.org"));
        let answer = sign_in(caller, provider, &[]).await;
        self.refused(answer, "not_admitted", a, "not on the allow-list")
            .await;
        provider.script().claims["email"] = json!("ada@example.com");
        provider.script().claims["email_verified"] = json!(false);
        let answer = sign_in(caller, provider, &[]).await;
        let unverified = "does not say that the address was verified";
        self.refused(answer, "not_admitted", a, unverified).await;
        provider.script().claims["email_verified"] = json!(true);

        let ada = tokens(sign_in(caller, provider, &[]).await).await;
        let export = "/api/admin/export";
        let answer = caller.get_as(export, &ada.access_token).await;
        self.refused(answer, "forbidden", None, "does not have the role admin")
            .await;
        let newer = caller.refreshed(&ada.refresh_token).await;
        caller.refreshed(&newer.refresh_token).await;
        let answer = caller.refresh(&ada.refresh_token, None).await;
        self.refused(answer, "refresh_replayed", None, "used twice")
            .await;

        let grace = caller.sign_in_as("grace@example.com").await.access_token;
        let sub = claims(&ada.access_token)["sub"].as_str().map(str::to_owned);
        let path = format!("/api/admin/users/{}/ban", sub.expect("text"));
        let ban = caller.post(&path).bearer_auth(&grace);
        let ban = ban.json(&json!({ "reason": "spam" })).send().await;
        assert_eq!(ban.expect("an answer").status(), 204);
        let answer = sign_in(caller, provider, &[]).await;
        self.refused(answer, "banned", a, "banned").await;
    }

    /// What no browser of ours sends.
    async fn of_strangers(&mut self, caller: &ApiClient, provider: &ScriptedProvider) {
        let answer = sign_in(caller, provider, &[("state", CANARY)]).await;
        let nothing = "no matching sign-in in this browser";
        self.refused(answer, "sign_in_not_found", None, nothing)
            .await;
        let form = [("grant_type", "refresh_token"), ("refresh_token", CANARY)];
        let request = || caller.post("/auth/token").form(&form);
        let answer = request().header("dpop", CANARY).send().await;
        let answer = answer.expect("an answer");
        let bad = "the DPoP proof is not good";
        self.refused(answer, "invalid_dpop_proof", None, bad).await;
        let answer = request().basic_auth("x", Some(CANARY)).send().await;
        let answer = answer.expect("an answer");
        let none = "does not use client credentials";
        self.refused(answer, "invalid_request", None, none).await;
    }
}

#[tokio::test]
async fn security_70_86_every_refusal_is_one_line_for_the_operator() {
    let folder = tempfile::tempdir().expect("a directory");
    let provider = ScriptedProvider::start().await;
    let admission = "admins = [\"demo:grace@example.com\"]\n[admission]\nmode = \"allow-list\"\n\
        domains = [\"a:example.com\", \"demo:example.com\"]\n";
    // The other one cannot be reached.
    let down = ScriptedProvider::section_of("down", "http://127.0.0.1:1");
    let config = format!("{admission}{}{down}", provider.section("a"));
    let server = start(folder.path(), &config);
    let caller = server.caller.clone();
    at_present(&provider, 0);
    let userinfo = format!("{}/userinfo", provider.issuer);
    provider.script().metadata["userinfo_endpoint"] = json!(userinfo);
    let mut walk = Walk::default();
    walk.of_providers(&caller, &provider).await;
    walk.of_persons(&caller, &provider).await;
    walk.of_strangers(&caller, &provider).await;

    let log = server.stop();
    assert!(!log.contains(CANARY), "{log}");
    let lines = refusals(&log);
    assert_eq!(lines.len(), walk.0.len(), "{log}");
    for (line, expected) in lines.iter().zip(&walk.0) {
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
            assert_eq!(fields["request_id"], **id, "{code}");
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
    for nth in 0..FLOOD {
        let answer = caller.token(&form).await;
        let body: Value = answer.json().await.expect("JSON");
        assert_eq!(body["code"], "sign_in_not_found");
        let id = body["request_id"].as_str().expect("text").to_owned();
        assert!(id.len() >= 16, "{id} can be guessed");
        assert_eq!(ids.insert(id, nth), None);
    }
    // Another kind still has its line.
    let answer = caller
        .token(&[("grant_type", "x"), ("client_secret", "y")])
        .await;
    assert_eq!(answer.status(), 401);
    let log = server.stop();
    let lines = refusals(&log);
    let of = |code: &str| {
        lines
            .iter()
            .filter(|it| it["fields"]["code"] == code)
            .count()
    };
    let told = of("sign_in_not_found");
    assert!(
        (1..FLOOD / 2).contains(&told),
        "{told} lines for {FLOOD} refusals"
    );
    assert_eq!(of("invalid_request"), 1);
}

/// SECURITY 69: who is not known learns that a provider is in trouble, and not which.
#[tokio::test]
async fn security_69_94_strangers_are_not_told_the_cause_of_a_providers_trouble() {
    let folder = tempfile::tempdir().expect("a directory");
    let provider = ScriptedProvider::start().await;
    let config = format!(
        "{}{}",
        provider.section("a"),
        ScriptedProvider::section_of("down", "http://127.0.0.1:1")
    );
    let server = start(folder.path(), &config);
    let caller = server.caller.clone();
    at_present(&provider, 0);
    let mut told = Vec::new();
    let answer = caller.get("/auth/login?provider=down").send().await;
    told.push(answer.expect("an answer"));
    for (name, script) in [
        ("iat", json!(1)),
        ("aud", json!("other")),
        ("nonce", json!(null)),
    ] {
        provider.script().claims[name] = script;
        told.push(sign_in(&caller, &provider, &[]).await);
        at_present(&provider, 0);
        provider.script().claims["aud"] = json!("client-1");
    }
    provider.refuse(&json!({ "error": "invalid_client" }));
    told.push(sign_in(&caller, &provider, &[]).await);
    for answer in told {
        let body = answer.text().await.expect("a body");
        for word in [
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
            assert!(!body.contains(word), "{word}: {body}");
        }
    }
}
