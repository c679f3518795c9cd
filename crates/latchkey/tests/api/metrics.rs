//! `GET /metrics`: who may read it, what it counts, and that the dashboard and the alerts in
//! `deploy` use only metrics that exist.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use latchkey_testing::{ScriptedProvider, claims, code};

use crate::app::TestApp;

const TOKEN: &str = "0123456789abcdef";

async fn start() -> TestApp {
    TestApp::with(&format!("demo = true\n[metrics]\ntoken = \"{TOKEN}\"")).await
}

async fn read(app: &TestApp) -> String {
    let response = app.get_as("/metrics", TOKEN).await;
    assert_eq!(response.status(), 200);
    response.text().await.expect("text")
}

/// The value of the series `name`, written with its labels as in the response; 0 if it is absent.
fn value(metrics: &str, name: &str) -> u64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0, |value| value.trim().parse().expect("a number"))
}

#[tokio::test]
async fn metrics_are_readable_only_with_the_token() {
    let app = start().await;
    for request in [
        app.get("/metrics"),
        app.get("/metrics").bearer_auth("fedcba9876543210"),
        app.get("/metrics").basic_auth("prometheus", Some(TOKEN)),
    ] {
        let response = request.send().await.expect("a response");
        assert_eq!(response.status(), 401);
        assert_eq!(
            response.headers()["www-authenticate"],
            r#"Bearer realm="metrics""#
        );
        assert!(!response.text().await.expect("text").contains("latchkey_"));
    }
    let response = app.get_as("/metrics", TOKEN).await;
    assert_eq!(
        response.headers()["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );

    let app = TestApp::start().await;
    assert_eq!(app.get_as("/metrics", TOKEN).await.status(), 404);
}

#[tokio::test]
async fn refreshes_and_sign_ins_are_counted_by_outcome() {
    let app = start().await;
    let first = app.sign_in().await;
    let second = app.refreshed(&first.refresh_token).await;
    let rotated = app.refresh(&second.refresh_token, Some("key")).await;
    assert_eq!(rotated.status(), 200);
    let repeat = app.refresh(&second.refresh_token, Some("key")).await;
    assert_eq!(repeat.status(), 200);
    app.refresh_is_refused("not a token").await;
    app.refresh_is_refused(&first.refresh_token).await;
    let unknown = [
        ("grant_type", "authorization_code"),
        ("code", "x"),
        ("state", "y"),
        ("redirect_uri", "z"),
    ];
    assert_eq!(code(app.token(&unknown).await).await.1, "sign_in_not_found");

    let metrics = read(&app).await;
    for (name, expected) in [
        (
            r#"latchkey_sign_ins_total{outcome="success",provider="demo"}"#,
            1,
        ),
        (
            r#"latchkey_sign_ins_total{outcome="flow_not_found",provider="unknown"}"#,
            1,
        ),
        (r#"latchkey_refreshes_total{outcome="rotated"}"#, 2),
        (r#"latchkey_refreshes_total{outcome="repeated"}"#, 1),
        (r#"latchkey_refreshes_total{outcome="invalid"}"#, 1),
        (r#"latchkey_refreshes_total{outcome="replayed"}"#, 1),
        ("latchkey_sessions_opened_total", 1),
        (r#"latchkey_sessions_ended_total{reason="replayed"}"#, 1),
        ("latchkey_denylist_entries", 1),
        ("latchkey_ready", 1),
        (r#"latchkey_http_errors_total{code="sign_in_not_found"}"#, 1),
        (r#"latchkey_http_errors_total{code="refresh_replayed"}"#, 1),
    ] {
        assert_eq!(value(&metrics, name), expected, "{name}\n{metrics}");
    }
}

#[tokio::test]
async fn fixed_labels_start_at_zero() {
    let app = start().await;
    let metrics = read(&app).await;
    for series in [
        r#"latchkey_refreshes_total{outcome="replayed"}"#,
        r#"latchkey_refreshes_total{outcome="failed"}"#,
        r#"latchkey_sessions_ended_total{reason="banned"}"#,
        r#"latchkey_sessions_ended_total{reason="displaced"}"#,
        r#"latchkey_sign_ins_total{outcome="success",provider="demo"}"#,
        r#"latchkey_sign_ins_total{outcome="provider_refused",provider="demo"}"#,
        r#"latchkey_sign_ins_total{outcome="flow_not_found",provider="unknown"}"#,
        r#"latchkey_http_errors_total{code="store_unavailable"}"#,
        r#"latchkey_store_operation_duration_seconds_count{kind="read",outcome="error"}"#,
        r#"latchkey_store_operation_duration_seconds_count{kind="write",outcome="error"}"#,
    ] {
        let line = format!("{series} 0");
        assert!(metrics.lines().any(|it| it == line), "{line}\n{metrics}");
    }
}

#[tokio::test]
async fn made_up_codes_and_repeated_flows_are_counted_for_their_provider() {
    let app = start().await;
    let begun = app.begin("demo").await;
    let valid = app.approve(&begun, "ada@example.com").await;
    let mut guessed = valid.clone();
    guessed.insert("code".into(), "guessed".into());
    let response = app.finish(&begun.cookie, &guessed).await;
    assert_eq!(code(response).await, (400, "provider_refused".into()));
    let response = app.finish(&begun.cookie, &valid).await;
    assert_eq!(code(response).await, (400, "sign_in_not_found".into()));

    let metrics = read(&app).await;
    for (outcome, expected) in [
        ("code_refused", 1),
        ("flow_not_found", 1),
        ("provider_refused", 0),
    ] {
        let name = format!("latchkey_sign_ins_total{{outcome=\"{outcome}\",provider=\"demo\"}}");
        assert_eq!(value(&metrics, &name), expected, "{name}\n{metrics}");
    }
}

/// The name of the counter of sessions that ended for this reason.
fn ended(reason: &str) -> String {
    format!("latchkey_sessions_ended_total{{reason=\"{reason}\"}}")
}

#[tokio::test]
async fn a_sign_in_that_cannot_start_is_counted() {
    // Nothing listens on a port that was just released.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = closed.local_addr().expect("an address");
    drop(closed);
    let provider = ScriptedProvider::section_of("down", &format!("http://{address}"));
    let app = TestApp::with(&format!("{provider}[metrics]\ntoken = \"{TOKEN}\"")).await;
    let response = app.get("/auth/login?provider=down").send().await;
    let refused = code(response.expect("a response")).await;
    assert_eq!(refused, (503, "provider_unavailable".into()));

    let metrics = read(&app).await;
    let name = r#"latchkey_sign_ins_total{outcome="provider_unavailable",provider="down"}"#;
    assert_eq!(value(&metrics, name), 1, "{metrics}");
}

#[tokio::test]
async fn ended_sessions_are_counted_by_reason() {
    let app = TestApp::with(&format!(
        "demo = true\nadmins = [\"demo:ada@example.com\"]\n[metrics]\ntoken = \"{TOKEN}\""
    ))
    .await;
    let phone = app.sign_in_as("grace@example.com").await;
    let laptop = app.sign_in_as("grace@example.com").await;
    let tablet = app.sign_in_as("grace@example.com").await;
    app.log_out(&phone.access_token).await;
    app.log_out_everywhere(&laptop.access_token).await;
    app.check(&tablet.access_token)
        .await
        .expect_err("it has ended");
    let again = app.sign_in_as("grace@example.com").await;
    let user = claims(&again.access_token)["sub"]
        .as_str()
        .expect("text")
        .to_owned();
    let admin = app.sign_in_as("ada@example.com").await;
    let path = format!("/api/admin/users/{user}/ban");
    let ban = app.post(&path).bearer_auth(&admin.access_token);
    let ban = ban
        .json(&serde_json::json!({ "reason": "spam" }))
        .send()
        .await;
    assert!(ban.expect("a response").status().is_success());

    let metrics = read(&app).await;
    for (reason, expected) in [("signed_out", 1), ("ended_all", 2), ("banned", 1)] {
        let name = ended(reason);
        assert_eq!(value(&metrics, &name), expected, "{name}\n{metrics}");
    }

    app.sign_in_as("mary@example.com").await;
    let all = app.delete_as("/api/admin/sessions", &admin.access_token);
    assert_eq!(all.await.status(), 204);
    // The sessions of Mary and Ada are counted when their records are updated, which may be after
    // the response.
    let name = ended("ended_by_operator");
    let counted = async {
        while value(&read(&app).await, &name) < 2 {
            tokio::task::yield_now().await;
        }
    };
    let counted = tokio::time::timeout(Duration::from_mins(1), counted).await;
    let metrics = read(&app).await;
    assert!(counted.is_ok(), "{name}\n{metrics}");
    assert_eq!(value(&metrics, &name), 2, "{metrics}");
}

#[tokio::test]
async fn an_expired_session_that_makes_room_is_not_counted_as_ended() {
    let app = TestApp::with(&format!(
        "demo = true\n[tokens]\nidle_ttl = \"1h\"\n[limits]\nmax_sessions = 1\n\
         [metrics]\ntoken = \"{TOKEN}\""
    ))
    .await;
    let name = ended("displaced");
    app.sign_in().await;
    app.clock.advance(Duration::from_hours(2));
    for expected in [0, 1] {
        app.sign_in().await;
        let metrics = read(&app).await;
        assert_eq!(value(&metrics, &name), expected, "{metrics}");
        app.clock.advance(Duration::from_secs(1));
    }
}

#[tokio::test]
async fn requests_are_measured_by_route_not_by_path() {
    let app = start().await;
    let tokens = app.sign_in().await;
    for path in [
        "/api/me",
        "/api/sessions/0123456789",
        "/nowhere",
        "/healthz",
    ] {
        let response = app.get_as(path, &tokens.access_token).await;
        response.text().await.expect("text");
    }
    let metrics = read(&app).await;
    let count = |method, route, status| {
        let name = format!(
            "latchkey_http_request_duration_seconds_count{{method=\"{method}\",route=\"{route}\",\
             status=\"{status}\"}}"
        );
        value(&metrics, &name)
    };
    assert_eq!(count("GET", "/api/me", 200), 1, "{metrics}");
    assert_eq!(count("GET", "/api/sessions/{id}", 405), 1, "{metrics}");
    assert_eq!(count("GET", "/healthz", 200), 1, "{metrics}");
    assert_eq!(count("GET", "other", 404), 1, "{metrics}");
    assert!(!metrics.contains("0123456789"), "{metrics}");
    assert!(
        value(
            &metrics,
            r#"latchkey_store_operation_duration_seconds_count{kind="write",outcome="ok"}"#
        ) >= 2
    );
}

/// A refresh updates the session and adds its audit record in one change, so it needs only one sync.
#[tokio::test]
async fn a_refresh_is_one_store_write() {
    const REFRESHES: u64 = 50;
    const WRITES: &str =
        r#"latchkey_store_operation_duration_seconds_count{kind="write",outcome="ok"}"#;
    let app = start().await;
    let mut tokens = app.sign_in().await;
    // Write the pending audit records, so that no job does so during the measurement.
    app.state
        .audit
        .flush(&*app.state.store)
        .await
        .expect("written");
    let before = value(&read(&app).await, WRITES);
    for _ in 0..REFRESHES {
        tokens = app.refreshed(&tokens.refresh_token).await;
    }
    let writes = value(&read(&app).await, WRITES) - before;
    assert!(writes >= REFRESHES);
    // Jobs that run every minute may write at the same time.
    assert!(writes < REFRESHES * 3 / 2, "{writes}");
}

/// The names of all metrics that occur in `text`.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let names = words.filter(|word| word.starts_with("latchkey_"));
    names.map(str::to_owned).collect()
}

#[tokio::test]
async fn the_dashboard_and_the_alerts_use_only_metrics_that_exist() {
    let app = start().await;
    let tokens = app.sign_in().await;
    let tokens = app.refreshed(&tokens.refresh_token).await;
    app.log_out(&tokens.access_token).await;
    app.check(&tokens.access_token)
        .await
        .expect_err("it has ended");
    let existing = names(&read(&app).await);
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    for file in ["alerts.yml", "grafana-dashboard.json"] {
        let text = std::fs::read_to_string(deploy.join(file)).expect("a file");
        let used = names(&text);
        assert!(used.len() >= 5, "{file} uses {used:?}");
        let unknown: Vec<_> = used.difference(&existing).collect();
        assert!(
            unknown.is_empty(),
            "{file} uses {unknown:?}, but only these exist: {existing:?}"
        );
    }
    // Conversely, the dashboard shows every metric.
    let dashboard = std::fs::read_to_string(deploy.join("grafana-dashboard.json"));
    let shown = names(&dashboard.expect("a file"));
    let families = existing.iter().filter(|name| {
        !name.ends_with("_sum") && !name.ends_with("_count") && !name.ends_with("_bucket")
    });
    for family in families {
        let is_shown = shown.iter().any(|name| name.starts_with(family.as_str()));
        assert!(is_shown, "{family} is not in the dashboard");
    }
}
