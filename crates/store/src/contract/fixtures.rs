//! Shared fixtures of the contract tests.

use core::time::Duration;
use std::sync::Arc;

use latchkey_core::rotation::{Decision, Limits, Presented};
use latchkey_core::session::{KeyHash, Lifetimes, Thumbprint};
use latchkey_core::{
    Device, EndReason, Identity, Profile, Session, SessionId, SessionOrigin, Timestamp, User,
    UserId,
};

use crate::request::{EndSession, NewSession, OpenOutcome, Rotate, Rotated};
use crate::store::Store;

/// Two handles to one empty store, as two servers hold them. For an embedded store, which only one
/// server can open, both are the same handle.
pub type StorePair = [Arc<dyn Store>; 2];

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
pub(super) const LIMITS: Limits = Limits {
    access: Duration::from_mins(10),
    idle: Duration::from_hours(24),
};

pub(crate) fn profile(subject: &str) -> Profile {
    Profile {
        identity: Identity {
            issuer: "https://issuer.example".into(),
            subject: subject.into(),
        },
        email: Some(format!("{subject}@example.com")),
        email_verified: true,
        name: Some(subject.to_owned()),
        hosted_domain: None,
    }
}

pub(crate) fn device(address: &str) -> Device {
    Device {
        user_agent: Some("Browser/2".into()),
        address: Some(address.into()),
        request_id: None,
    }
}

pub(crate) async fn user(store: &dyn Store, number: u8) -> User {
    let profile = profile(&format!("user-{number}"));
    store
        .upsert_identity(profile, UserId::from_bytes([number; 16]), NOW)
        .await
        .expect("a user")
}

pub(crate) async fn session(store: &dyn Store, user: &User, number: u8) -> Session {
    session_with(store, user, number, None).await
}

pub(crate) async fn session_with(
    store: &dyn Store,
    user: &User,
    number: u8,
    binding: Option<Thumbprint>,
) -> Session {
    let new = new_session(user, number, binding);
    match store.open_session(new).await.expect("opened") {
        OpenOutcome::Opened(started) => started.session,
        refused => panic!("{refused:?}"),
    }
}

pub(crate) fn new_session(user: &User, number: u8, binding: Option<Thumbprint>) -> NewSession {
    let lifetimes = Lifetimes {
        access: LIMITS.access,
        absolute: Duration::from_hours(72),
        idle: LIMITS.idle,
    };
    let session = Session::open(
        SessionId::from_bytes([number; 16]),
        user.id,
        binding,
        NOW,
        lifetimes,
    );
    let origin = SessionOrigin {
        provider: "demo".into(),
        user_agent: Some("Browser/1".into()),
        address: Some("192.0.2.1".into()),
    };
    NewSession {
        session,
        origin,
        max_sessions: 1000,
        request_id: None,
        credential: None,
    }
}

pub(crate) fn refresh(session: &Session, generation: u64, key: Option<u8>) -> Rotate {
    let key = key.map(|byte| KeyHash([byte; 16]));
    let presented = Presented {
        generation,
        key,
        proof: None,
        user_banned: false,
    };
    Rotate {
        session: session.id,
        user: session.user,
        presented,
        device: device("192.0.2.9"),
        now: NOW,
        limits: LIMITS,
    }
}

/// The request to end a session because its refresh token is revoked.
pub(crate) fn end(session: SessionId) -> EndSession {
    EndSession {
        session,
        owner: None,
        reason: EndReason::Revoked,
        device: device("192.0.2.1"),
        actor: None,
        note: None,
        now: NOW,
    }
}

pub(crate) async fn rotate(store: &dyn Store, request: Rotate) -> Rotated {
    store
        .rotate(request)
        .await
        .expect("rotated")
        .expect("the session is known")
}

pub(super) fn generation(decision: &Decision) -> Option<u64> {
    match decision {
        Decision::Rotated(session) | Decision::Repeated(session) => Some(session.generation),
        _ => None,
    }
}
