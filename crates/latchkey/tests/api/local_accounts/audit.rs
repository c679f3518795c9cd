//! What the audit log records about local accounts: who created them and their links, who used a
//! link, and whose password was wrong.

use latchkey_core::{Actor, AuditRecord, RecordOutcome};
use latchkey_store::AuditQuery;
use latchkey_testing::{claims, header, tokens};
use serde_json::json;

use super::smtp::{Behavior, SmtpServer};
use super::{OTHER_PASSWORD, PASSWORD, create, operator, post, sign_in, token_in, try_sign_in};
use crate::app::TestApp;

async fn records(app: &TestApp) -> Vec<AuditRecord> {
    let flushed = app.state.audit.flush(&*app.state.store).await;
    flushed.expect("written");
    let query = AuditQuery {
        limit: 1000,
        ..AuditQuery::default()
    };
    let page = app.state.store.audit_records(query).await.expect("read");
    page.records.into_iter().map(|(_, record)| record).collect()
}

/// An audit record: its kind, outcome, user and detail.
type Seen = (String, RecordOutcome, Option<String>, Option<String>);

/// The only record of this request. Asserts that it contains the client's address and no actor.
fn of_request(records: &[AuditRecord], id: &str) -> Seen {
    let of_request = |it: &&AuditRecord| it.device.request_id.as_deref() == Some(id);
    let found: Vec<_> = records.iter().filter(of_request).collect();
    let [record] = found[..] else {
        panic!("{id}: {found:?}");
    };
    assert_eq!(record.device.address.as_deref(), Some("127.0.0.1"));
    assert_eq!(record.actor, None);
    let user = record.user.map(|user| user.to_string());
    let kind = record.kind.to_string();
    (kind, record.outcome, user, record.detail.clone())
}

fn sub(token: &str) -> Option<String> {
    claims(token)["sub"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn refused_passwords_and_links_are_recorded_with_the_user() {
    let app = TestApp::with("[local]").await;
    create(&app, "ada").await;
    let ada = sign_in(&app, "ada", PASSWORD).await;
    let id = |response: &reqwest::Response| header(response, "x-request-id").to_owned();
    let change = async |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        let request = app.post("/auth/password/change").json(&body);
        let request = request.bearer_auth(&ada.access_token);
        request.send().await.expect("a response")
    };
    let wrong_at_change = id(&change("wrong guess 1", OTHER_PASSWORD).await);
    // Not recorded: the form asks the user for a stronger password.
    let weak = id(&change(PASSWORD, "password1").await);
    let wrong_at_step_up = id(&try_sign_in(&app, "ADA", "wrong guess 2").await);
    let unknown = id(&try_sign_in(&app, "nobody", "wrong guess 3").await);
    let body = json!({ "token": "a-made-up-token", "new_password": OTHER_PASSWORD });
    let made_up = id(&post(&app, "/auth/password/reset", &body).await);
    let body = json!({ "username": "eve", "password": PASSWORD });
    let closed = id(&post(&app, "/auth/sign-up", &body).await);
    let too_many = loop {
        let body = json!({ "username": "nobody" });
        let response = post(&app, "/auth/password/reset-request", &body).await;
        if response.status() == 429 {
            break id(&response);
        }
    };

    let records = records(&app).await;
    let user = sub(&ada.access_token);
    for (request, kind, user, detail) in [
        (
            wrong_at_change,
            "password_change_refused",
            user.clone(),
            "wrong_password",
        ),
        (
            wrong_at_step_up,
            "sign_in_refused",
            user,
            "invalid_credentials",
        ),
        (unknown, "sign_in_refused", None, "invalid_credentials"),
        (made_up, "password_change_refused", None, "link_invalid"),
        (closed, "sign_up_refused", None, "closed"),
        (too_many, "password_change_refused", None, "rate_limited"),
    ] {
        let expected = (
            kind.into(),
            RecordOutcome::Refused,
            user,
            Some(detail.into()),
        );
        assert_eq!(of_request(&records, &request), expected);
    }
    let weak = Some(weak);
    assert!(records.iter().all(|it| it.device.request_id != weak));
    let text = serde_json::to_string(&records).expect("JSON");
    for secret in [
        "wrong guess",
        "made-up",
        PASSWORD,
        OTHER_PASSWORD,
        "eve",
        "nobody",
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn accounts_and_links_are_recorded_from_their_creation_to_their_use() {
    let mut server = SmtpServer::start(Behavior::Accepts).await;
    let section = server.section();
    let app = TestApp::with(&format!("[local]\nsign_up = \"invite\"\n{section}")).await;
    let invitation = operator(&app).invite(None).await.expect("a link").url;
    let token = token_in(&invitation, "invitation");
    let new = json!({
        "username": "ben",
        "password": PASSWORD,
        "email": "ben@example.com",
        "invitation": token,
    });
    let ben = tokens(post(&app, "/auth/sign-up", &new).await).await;
    let ben = sub(&ben.access_token);
    let by_operator = operator(&app).reset_password("ben").await.expect("a link");
    let body = json!({ "username": "ben" });
    let requested = post(&app, "/auth/password/reset-request", &body).await;
    let requested = header(&requested, "x-request-id").to_owned();
    let mail = server.next().await;
    let body = json!({ "token": mail.token("token"), "new_password": OTHER_PASSWORD });
    let reset = post(&app, "/auth/password/reset", &body).await;
    assert_eq!(reset.status(), 204);
    let reset = header(&reset, "x-request-id").to_owned();

    let records = records(&app).await;
    let (kind, outcome, user, link) = of_request(&records, &requested);
    assert_eq!((&*kind, &user), ("password_link_created", &ben));
    assert!(link.as_ref().expect("a link").starts_with("link "));
    let changed = ("password_changed".to_owned(), outcome, ben.clone(), link);
    assert_eq!(of_request(&records, &reset), changed);
    let of = |kind: &str, actor| {
        let found = records
            .iter()
            .find(|it| it.kind.to_string() == kind && it.actor == actor);
        found.unwrap_or_else(|| panic!("{kind}"))
    };
    let invited = of("invitation_created", Some(Actor::CommandLine));
    let created = of("account_created", None);
    assert_eq!(created.detail, invited.detail);
    assert_eq!(created.user.map(|it| it.to_string()), ben);
    let linked = of("password_link_created", Some(Actor::CommandLine));
    assert_eq!(linked.user.map(|it| it.to_string()), ben);
    let text = serde_json::to_string(&records).expect("JSON");
    let by_operator = token_in(&by_operator.url, "token").to_owned();
    for secret in [token, &mail.token("token"), &by_operator, PASSWORD] {
        assert!(!text.contains(secret), "{secret}");
    }
}
