//! What a refresh reads and writes.

use latchkey_core::Device;
use latchkey_core::rotation::Decision;

use super::fake_database::FakeDatabase;
use crate::contract::fixtures::{refresh, rotate, session, user};
use crate::records::{Found, Read};
use crate::remote::Optimistic;
use crate::request::Rotate;
use crate::table::{SESSIONS, table_of};

/// The most frequent operation must stay cheap.
#[tokio::test]
async fn refresh_takes_one_fetch_and_one_commit() {
    let database = FakeDatabase::default();
    let store = Optimistic::new(database.clone());
    let ada = user(&store, 1).await;
    let mut current = session(&store, &ada, 1).await;
    database.round_trips();
    for generation in 0..100 {
        let next = rotate(&store, refresh(&current, generation, Some(1))).await;
        let Decision::Rotated(next) = next.decision else {
            panic!("{next:?}");
        };
        assert_eq!(database.round_trips(), (1, 1));
        let written = database.0.written.lock().expect("keys").clone();
        let tables = written.iter().map(|key| table_of(key).map(|it| it.name));
        let tables: Vec<_> = tables.collect();
        let expected = ["audit_log", "sessions", "audit_log_of_user"];
        assert_eq!(tables, expected.map(Some));
        current = next;
    }
}

/// With the longest values that a server stores, the record of a refresh takes no more space than
/// docs/configuration.md says.
#[tokio::test]
async fn record_of_a_refresh_is_small() {
    let database = FakeDatabase::default();
    let store = Optimistic::new(database.clone());
    let ada = user(&store, 1).await;
    let one = session(&store, &ada, 1).await;
    let request = Rotate {
        device: Device {
            user_agent: Some("x".repeat(256)),
            address: Some("2001:db8:1111:2222:3333:4444:5555:6666".into()),
            request_id: Some("0123456789abcdef".into()),
        },
        ..refresh(&one, 0, Some(1))
    };
    rotate(&store, request).await;
    let keys = database.0.written.lock().expect("keys").clone();
    let records = database.0.records.lock().expect("records");
    let mut bytes = 0;
    for key in keys.iter().filter(|key| !SESSIONS.info().holds(key)) {
        let Found::Value(Some(value)) = records.read(&Read::Value(key.clone())) else {
            panic!("{key:?} has no value");
        };
        bytes += key.len() + value.len();
    }
    assert!((300..=600).contains(&bytes), "{bytes}");
}

/// A retry after a lost response, in the same millisecond, only adds to the audit log.
#[tokio::test]
async fn repeated_refresh_changes_no_session_and_superseded_refresh_writes_nothing() {
    let database = FakeDatabase::default();
    let store = Optimistic::new(database.clone());
    let ada = user(&store, 1).await;
    let one = session(&store, &ada, 1).await;
    rotate(&store, refresh(&one, 0, Some(1))).await;
    database.round_trips();
    rotate(&store, refresh(&one, 0, Some(1))).await;
    assert_eq!(database.round_trips(), (1, 1));
    let written = database.0.written.lock().expect("keys").clone();
    let sessions = written.iter().filter(|key| SESSIONS.info().holds(key));
    assert_eq!(sessions.count(), 0, "{written:?}");
    rotate(&store, refresh(&one, 0, Some(2))).await;
    assert_eq!(database.round_trips(), (1, 0));
}

/// The user in the token is only a hint; the user of the session counts.
#[tokio::test]
async fn token_that_names_another_user_costs_one_more_round_trip() {
    let database = FakeDatabase::default();
    let store = Optimistic::new(database.clone());
    let [ada, bob] = [user(&store, 1).await, user(&store, 2).await];
    let one = session(&store, &ada, 1).await;
    database.round_trips();
    let request = Rotate {
        user: bob.id,
        ..refresh(&one, 0, None)
    };
    let rotated = rotate(&store, request).await;
    assert_eq!(rotated.user, ada);
    assert_eq!(database.round_trips(), (2, 1));
}
