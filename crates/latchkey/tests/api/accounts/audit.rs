//! The audit log: every action and every refusal is recorded once, with the user, the address and the
//! outcome, and without any token.

use std::collections::BTreeMap;

use latchkey_types::TokenResponse;
use latchkey_types::admin::{AuditEvent, AuditList, AuditOutcome, Overview};
use reqwest::Response;
use serde_json::json;

use super::sessions::sid;
use crate::app::{FIREFOX, TestApp, claims};
use latchkey_testing::{code, header};

const CONFIG: &str = "demo = true\nadmins = [\"grace@example.com\"]";

/// Writes the queued records to the store.
async fn flush(app: &TestApp) {
    let flushed = app.state.audit.flush(&*app.state.store).await;
    flushed.expect("written");
}

async fn page(app: &TestApp, admin: &str, query: &str) -> AuditList {
    let path = format!("/api/admin/audit?{query}");
    let response = app.get_as(&path, admin).await;
    assert_eq!(response.status(), 200, "{query}");
    response.json().await.expect("a page")
}

/// All selected records, newest first, read in pages of `limit`.
async fn all(app: &TestApp, admin: &str, query: &str, limit: usize) -> Vec<AuditEvent> {
    let mut events = Vec::new();
    let mut before = String::new();
    loop {
        let page = page(app, admin, &format!("{query}&limit={limit}{before}")).await;
        events.extend(page.events);
        match page.next {
            Some(next) => before = format!("&before={next}"),
            None => return events,
        }
    }
}

fn sub(tokens: &TokenResponse) -> String {
    let sub = &claims(&tokens.access_token)["sub"];
    sub.as_str().expect("text").to_owned()
}

fn request_id(response: &Response) -> String {
    header(response, "x-request-id").to_owned()
}

/// The records that a test expects, and the secrets that must not be in them.
#[derive(Default)]
struct Acts {
    /// How often each kind is expected.
    expected: BTreeMap<&'static str, usize>,
    /// Pairs of a kind and a request id: the request must have exactly one record, of this kind.
    requests: Vec<(&'static str, Option<String>)>,
    /// Every token and code that was sent or received.
    secrets: Vec<String>,
}

impl Acts {
    fn add(&mut self, kind: &'static str, response: &Response) {
        self.count(kind);
        self.requests.push((kind, Some(request_id(response))));
    }

    fn count(&mut self, kind: &'static str) {
        *self.expected.entry(kind).or_default() += 1;
    }

    fn keep(&mut self, tokens: &TokenResponse) {
        self.secrets.push(tokens.access_token.clone());
        self.secrets.push(tokens.refresh_token.clone());
    }

    /// Signs Ada in, refreshes and repeats a refresh, and sends requests that are refused.
    async fn of_ada(&mut self, app: &TestApp) -> TokenResponse {
        let ada = app.sign_in_with(FIREFOX).await;
        self.count("signed_in");
        self.keep(&ada);
        let refreshed = app.refresh(&ada.refresh_token, Some("key-of-ada")).await;
        self.add("refreshed", &refreshed);
        let again = app.refresh(&ada.refresh_token, Some("key-of-ada")).await;
        self.add("refresh_repeated", &again);
        let next: TokenResponse = again.json().await.expect("tokens");
        self.keep(&next);
        let superseded = app.refresh(&ada.refresh_token, Some("key-of-thief")).await;
        self.add("refresh_refused", &superseded);
        self.secrets.push("not-a-refresh-token".into());
        let invalid = app.refresh("not-a-refresh-token", None).await;
        self.add("refresh_refused", &invalid);
        let unknown = [
            ("grant_type", "authorization_code"),
            ("code", "a-made-up-code"),
            ("state", "a-made-up-state"),
            ("redirect_uri", "z"),
        ];
        self.secrets.push("a-made-up-code".into());
        let refused = app.token(&unknown).await;
        self.add("sign_in_refused", &refused);
        let forbidden = app.get_as("/api/admin/audit", &next.access_token).await;
        self.add("request_refused", &forbidden);
        assert_eq!(code(forbidden).await, (403, "forbidden".into()));
        next
    }

    /// Signs Bob in twice, and uses one token again after the leeway.
    async fn of_bob(&mut self, app: &TestApp) {
        let bob = app.sign_in_as("bob@example.com").await;
        self.count("signed_in");
        let newer = app.refreshed(&bob.refresh_token).await;
        self.count("refreshed");
        app.clock.advance(std::time::Duration::from_secs(11));
        let replayed = app.refresh(&bob.refresh_token, None).await;
        self.add("replayed", &replayed);
        let ended = app.refresh(&newer.refresh_token, None).await;
        self.add("refresh_refused", &ended);
        let bob = app.sign_in_as("bob@example.com").await;
        self.count("signed_in");
        let signed_out = app.log_out(&bob.access_token).await;
        self.add("signed_out", &signed_out);
    }

    /// What an administrator does.
    async fn of_admin(&mut self, app: &TestApp, admin: &str, ada: &TokenResponse) {
        let user = format!("/api/admin/users/{}", sub(ada));
        let end = format!("/api/admin/sessions/{}", sid(&ada.access_token));
        self.add("ended_by_operator", &app.delete_as(&end, admin).await);
        let ban = app.post(&format!("{user}/ban")).bearer_auth(admin);
        let ban = ban.json(&json!({ "reason": "spam" })).send().await;
        self.add("banned", &ban.expect("a response"));
        let unban = app.delete_as(&format!("{user}/ban"), admin).await;
        self.add("unbanned", &unban);
        let rotate = app.post("/api/admin/keys").bearer_auth(admin).send().await;
        self.add("key_rotated", &rotate.expect("a response"));
        let export = app.get_as("/api/admin/export", admin).await;
        self.add("exported", &export);
        export.text().await.expect("a backup");
        let export = app.get_as("/api/admin/audit/export", admin).await;
        self.add("audit_exported", &export);
        export.text().await.expect("lines");
    }
}

#[tokio::test]
async fn every_act_and_refusal_is_recorded_once_and_no_record_contains_a_token() {
    let app = TestApp::with(CONFIG).await;
    let mut acts = Acts::default();
    acts.count("started");
    let admin = app.sign_in_as("grace@example.com").await;
    acts.count("signed_in");
    acts.keep(&admin);
    let ada = acts.of_ada(&app).await;
    acts.of_bob(&app).await;
    acts.of_admin(&app, &admin.access_token, &ada).await;
    flush(&app).await;

    let events = all(&app, &admin.access_token, "", 7).await;
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for event in &events {
        *kinds.entry(&event.kind).or_default() += 1;
    }
    assert_eq!(kinds, acts.expected);
    for (kind, request_id) in &acts.requests {
        let of_request = |it: &&AuditEvent| it.request_id == *request_id;
        let found: Vec<_> = events.iter().filter(of_request).collect();
        let [event] = found[..] else {
            panic!("{kind}: {found:?}");
        };
        assert_eq!(event.kind, *kind);
        assert_eq!(event.address.as_deref(), Some("127.0.0.1"), "{kind}");
    }
    let text = serde_json::to_string(&events).expect("JSON");
    for secret in &acts.secrets {
        assert!(!text.contains(secret), "{secret}");
    }
    assert_details(&events, &admin, &ada);

    // The export contains the same records, whatever the `limit`.
    let lines = app
        .get_as("/api/admin/audit/export?limit=1", &admin.access_token)
        .await;
    let lines = lines.text().await.expect("lines");
    let exported = lines.lines().map(serde_json::from_str);
    let exported: Result<Vec<AuditEvent>, _> = exported.collect();
    assert_eq!(exported.expect("events"), events);
}

/// Asserts that the records say who acted, in which session, with which browser, and why.
fn assert_details(events: &[AuditEvent], admin: &TokenResponse, ada: &TokenResponse) {
    let of = |kind: &'static str| events.iter().filter(move |it| it.kind == kind);
    let session = Some(sid(&ada.access_token).clone());
    let first = of("signed_in").find(|it| it.session_id == session);
    let first = first.expect("Ada's sign-in");
    assert_eq!(first.user, Some(sub(ada)));
    assert_eq!(first.provider.as_deref(), Some("demo"));
    assert_eq!(first.browser.as_deref(), Some("Firefox 145"));
    for kind in ["banned", "unbanned", "ended_by_operator"] {
        let event = of(kind).next().expect("an event");
        assert_eq!(event.user, Some(sub(ada)), "{kind}");
        assert_eq!(event.actor, Some(sub(admin)), "{kind}");
    }
    let ban = of("banned").next().expect("an event");
    assert_eq!(ban.detail.as_deref(), Some("spam"));
    let refused = of("refresh_refused").map(|it| (it.detail.as_deref(), it.session_id.is_some()));
    let mut refused: Vec<_> = refused.collect();
    refused.sort_unstable();
    let expected = [
        (Some("ended"), true),
        (Some("invalid"), false),
        (Some("superseded"), true),
    ];
    assert_eq!(refused, expected);
    for event in events {
        let refused = [
            "replayed",
            "refresh_refused",
            "sign_in_refused",
            "request_refused",
        ];
        let expected = if refused.contains(&&*event.kind) {
            AuditOutcome::Refused
        } else {
            AuditOutcome::Success
        };
        assert_eq!(event.outcome, expected, "{event:?}");
    }
    let forbidden = of("request_refused").next().expect("an event");
    assert_eq!(forbidden.user, Some(sub(ada)));
    assert_eq!(forbidden.detail.as_deref(), Some("GET /api/admin/audit"));
}

#[tokio::test]
async fn records_are_selected_and_survive_a_restart() {
    let app = TestApp::with(CONFIG).await;
    let admin = app.sign_in_as("grace@example.com").await.access_token;
    let ada = app.sign_in().await;
    let start = app.state.clock.now().as_secs();
    app.clock.advance(std::time::Duration::from_secs(100));
    let ada = app.refreshed(&ada.refresh_token).await;
    app.refresh_is_refused("invalid").await;
    flush(&app).await;
    let app = app.restarted().await;

    let id = sub(&ada);
    for (query, expected) in [
        (format!("user={id}"), &["refreshed", "signed_in"][..]),
        (format!("user={id}&kind=signed_in"), &["signed_in"]),
        ("kind=refresh_refused".into(), &["refresh_refused"]),
        ("outcome=refused".into(), &["refresh_refused"]),
        ("outcome=failed".into(), &[]),
        (format!("user={id}&after={}", start + 1), &["refreshed"]),
        (format!("user={id}&until={}", start + 1), &["signed_in"]),
    ] {
        for limit in [1, 50] {
            let events = all(&app, &admin, &query, limit).await;
            let kinds: Vec<_> = events.iter().map(|it| &*it.kind).collect();
            assert_eq!(kinds, expected, "{query}");
        }
    }
    for query in [
        "user=x",
        "kind=danced",
        "outcome=x",
        "after=x",
        "until=-1",
        "before=x",
        "limit=0",
    ] {
        let path = format!("/api/admin/audit?{query}");
        let refused = code(app.get_as(&path, &admin).await).await;
        assert_eq!(refused, (400, "invalid_request".into()), "{query}");
    }
}

#[tokio::test]
async fn a_flood_of_refusals_adds_a_bounded_number_of_records() {
    let app = TestApp::with(CONFIG).await;
    let admin = app.sign_in_as("grace@example.com").await.access_token;
    for _ in 0..200 {
        app.refresh_is_refused("invalid").await;
    }
    // The next minute.
    app.clock.advance(std::time::Duration::from_mins(1));
    app.refresh_is_refused("invalid").await;
    flush(&app).await;
    let refused = all(&app, &admin, "kind=refresh_refused", 100).await;
    assert_eq!(refused.len(), 31);
    let omitted = all(&app, &admin, "kind=refusals_omitted", 100).await;
    let details: Vec<_> = omitted.iter().map(|it| it.detail.as_deref()).collect();
    assert_eq!(details, [Some("170 more in this minute")]);
    assert_eq!(omitted[0].address.as_deref(), Some("127.0.0.1"));
}

#[tokio::test]
async fn overview_counts_what_happened_in_each_hour() {
    let app = TestApp::with(CONFIG).await;
    let admin = app.sign_in_as("grace@example.com").await;
    let bob = app.sign_in_as("bob@example.com").await;
    let newer = app.refreshed(&bob.refresh_token).await;
    app.refresh_is_refused("invalid").await;
    app.log_out(&newer.access_token).await;
    let overview = async || {
        let response = app.get_as("/api/admin/overview", &admin.access_token).await;
        let overview: Overview = response.json().await.expect("the overview");
        overview
    };
    let before = overview().await;
    let counted = app.state.statistics.flush(
        &*app.state.store,
        app.state.metrics.totals(),
        app.state.clock.now(),
    );
    counted.await.expect("stored");
    let overview = overview().await;
    // The counts are the same before and after they are stored.
    assert_eq!(overview.hours, before.hours);
    assert_eq!((overview.users, overview.live_sessions), (2, 1));
    assert_eq!(overview.denials, 1);
    assert_eq!(overview.store.kind, "sled");
    assert_eq!(overview.hours.len(), 7 * 24);
    let last = overview.hours.last().expect("an hour");
    assert_eq!(last.at, app.state.clock.now().as_secs() / 3600 * 3600);
    assert_eq!((last.sign_ins, last.sign_ins_refused), (2, 0));
    assert_eq!((last.refreshes, last.refreshes_refused), (1, 1));
    assert_eq!((last.replays, last.sessions_ended), (0, 1));
    let earlier = &overview.hours[..overview.hours.len() - 1];
    assert!(
        earlier
            .iter()
            .all(|it| it.sign_ins == 0 && it.refreshes == 0)
    );
}
