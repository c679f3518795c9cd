use core::time::Duration;

use super::{KeyHash, Lifetimes, Session, Thumbprint};
use crate::clock::Timestamp;
use crate::id::{SessionId, UserId};
use crate::rotation::{Decision, Limits, Presented, decide};

#[test]
fn the_record_stays_under_400_bytes_after_10_000_rotations() {
    let limits = Limits {
        access: Duration::from_mins(10),
        idle: Duration::from_hours(336),
    };
    let lifetimes = Lifetimes {
        access: limits.access,
        absolute: Duration::from_hours(720),
        idle: limits.idle,
    };
    let thumbprint = Some(Thumbprint([255; 32]));
    let mut now = Timestamp::from_millis(1_800_000_000_123);
    let ids = (SessionId::from_bytes([9; 16]), UserId::from_bytes([8; 16]));
    let mut session = Session::open(ids.0, ids.1, thumbprint, now, lifetimes);
    session.auth_time = Some(now);
    for generation in 0..10_000 {
        now = now.plus(Duration::from_millis(77));
        let key = Some(KeyHash(
            [u8::try_from(generation % 251).expect("small"); 16],
        ));
        let presented = Presented {
            generation,
            key,
            proof: thumbprint,
            user_banned: false,
        };
        session = match decide(&session, &presented, now, limits) {
            Decision::Rotated(next) => next,
            other => panic!("generation {generation}: {other:?}"),
        };
    }
    let record = serde_json::to_string(&session).expect("a session serialises");
    assert!(record.len() < 400, "{} bytes: {record}", record.len());
    let read: Session = serde_json::from_str(&record).expect("a session is read back");
    assert_eq!(read, session);
}

#[test]
fn records_from_before_an_unknown_age_are_read() {
    let lifetimes = Lifetimes {
        access: Duration::from_mins(10),
        absolute: Duration::from_hours(720),
        idle: Duration::from_hours(336),
    };
    let now = Timestamp::from_millis(1_800_000_000_123);
    let ids = (SessionId::from_bytes([9; 16]), UserId::from_bytes([8; 16]));
    let mut session = Session::open(ids.0, ids.1, None, now, lifetimes);
    let unknown = serde_json::to_value(&session).expect("it serialises");
    assert_eq!(unknown.get("auth"), None);
    session.auth_time = Some(now);
    let mut known = unknown.clone();
    known["auth"] = serde_json::json!(now.as_millis());
    assert_eq!(serde_json::from_value::<Session>(known).ok(), Some(session));
    let back = serde_json::from_value::<Session>(unknown).expect("it is read");
    assert_eq!(back.auth_time, None);
}
