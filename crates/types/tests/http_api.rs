//! The response bodies and the kinds of events in docs/http-api.md are those of the wire types.

use latchkey_types::admin::{
    AdminDenialList, AdminKeyList, AdminSessionList, AdminUserList, AuditList, Overview,
};
use latchkey_types::{ActivityKind, ActivityList, Me, ProviderList, ServerEvent, SessionList};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/http-api.md");

/// The first block of JSON after the line that starts with this request.
fn example(request: &str) -> Value {
    let start = format!("\n`{request}`");
    let (_, rest) = PAGE.split_once(&start).expect("the request");
    let (_, rest) = rest.split_once("\n```json\n").expect("a block");
    let (block, _) = rest.split_once("\n```").expect("the end of the block");
    serde_json::from_str(block).expect("JSON")
}

/// Fails if the example has a member that the type does not have, or lacks one that it requires.
#[track_caller]
fn assert_example_of<T: DeserializeOwned + Serialize>(request: &str) {
    let example = example(request);
    let body: T = serde_json::from_value(example.clone()).expect("the type of the body");
    let body = serde_json::to_value(body).expect("JSON");
    assert_eq!(body, example, "{request}");
}

#[test]
fn documented_bodies_have_the_members_of_the_types() {
    assert_example_of::<Me>("GET /api/me");
    assert_example_of::<SessionList>("GET /api/sessions");
    assert_example_of::<ActivityList>("GET /api/activity");
    assert_example_of::<ProviderList>("GET /auth/providers");
    assert_example_of::<ServerEvent>("GET /api/events");
    assert_example_of::<AdminUserList>("GET /api/admin/users");
    assert_example_of::<AdminSessionList>("GET /api/admin/sessions");
    assert_example_of::<AdminDenialList>("GET /api/admin/denials");
    assert_example_of::<AdminKeyList>("GET /api/admin/keys");
    assert_example_of::<AuditList>("GET /api/admin/audit");
    assert_example_of::<Overview>("GET /api/admin/overview");
}

#[test]
fn every_kind_of_event_is_documented() {
    let unknown = serde_json::from_value::<ActivityKind>("no_such_kind".into());
    let error = unknown.expect_err("an unknown kind").to_string();
    // "unknown variant `no_such_kind`, expected one of `signed_in`, …"
    let kinds: Vec<_> = error.split('`').skip(1).step_by(2).skip(1).collect();
    assert!(kinds.contains(&"signed_in"), "{error}");

    let (_, table) = PAGE
        .split_once("| Kind | Meaning |\n|---|---|\n")
        .expect("the table");
    let (table, _) = table.split_once("\n\n").expect("the end of the table");
    let documented: Vec<_> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert_eq!(documented, kinds);
}
