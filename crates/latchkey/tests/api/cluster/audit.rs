//! Servers over one store write one audit log.

use latchkey_axum::use_cases::operator::{Actor, Operator};
use latchkey_testing::header;
use latchkey_types::admin::{AuditEvent, AuditList, AuditOutcome};

use super::fixture::until;
use super::{Cluster, DATABASES};
use crate::app::{TestApp, claims};

/// The log as this server lists it.
async fn list(app: &TestApp, admin: &str) -> Vec<AuditEvent> {
    let response = app.get_as("/api/admin/audit?limit=100", admin).await;
    assert_eq!(response.status(), 200);
    let page: AuditList = response.json().await.expect("a page");
    page.events
}

async fn recorded(app: &TestApp, admin: &str, request_id: &str) -> Option<AuditEvent> {
    let mut events = list(app, admin).await.into_iter();
    events.find(|it| it.request_id.as_deref() == Some(request_id))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_server_lists_the_acts_and_refusals_of_the_other() {
    for kind in DATABASES {
        let Cluster { one, two, .. } = &Cluster::start(kind).await;
        let (first, second) = (one.caller.clone(), two.caller.clone());
        let admin = first.sign_in_as("grace@example.com").await;
        let id = claims(&admin.access_token)["sub"]
            .as_str()
            .expect("text")
            .parse();
        let id = id.expect("an id");
        let granted = Operator::online(&one.state, Actor::CommandLine)
            .set_roles(id, vec!["admin".into()])
            .await;
        granted.expect("granted");
        let admin = second.refreshed(&admin.refresh_token).await.access_token;

        let mut done = Vec::new();
        for client in [&first, &second] {
            let ada = first.sign_in().await;
            let refreshed = client.refresh(&ada.refresh_token, None).await;
            done.push(("refreshed", header(&refreshed, "x-request-id").to_owned()));
            let refused = client.refresh("not-a-token", None).await;
            done.push((
                "refresh_refused",
                header(&refused, "x-request-id").to_owned(),
            ));
            let out = client.log_out(&ada.access_token).await;
            done.push(("signed_out", header(&out, "x-request-id").to_owned()));
        }
        for app in [one, two] {
            for (kind, request_id) in &done {
                // A refusal is recorded in the background; a change and its record are one commit.
                let is_listed = || async { recorded(app, &admin, request_id).await.is_some() };
                until(kind, is_listed).await;
                let event = recorded(app, &admin, request_id).await.expect("listed");
                assert_eq!(event.kind, *kind);
                let expected = match *kind {
                    "refresh_refused" => AuditOutcome::Refused,
                    _ => AuditOutcome::Success,
                };
                assert_eq!(event.outcome, expected);
            }
        }
        // The same records in the same order, under the same ids, at both servers.
        let (first, second) = (list(one, &admin).await, list(two, &admin).await);
        assert_eq!(first, second);
    }
}
