use core::time::Duration;
use std::sync::Mutex;

use latchkey_core::rotation::{Decision, Limits, Presented};
use latchkey_core::session::{KeyHash, Lifetimes};
use latchkey_core::{
    Device, Identity, Profile, Session, SessionId, SessionOrigin, StoreId, Timestamp, User, UserId,
};

use super::{Engine, KeyValueStore};
use crate::backup::Record;
use crate::error::StoreError;
use crate::keyspace::{Transaction, View, key, users};
use crate::memory::Memory;
use crate::request::{NewSession, Rotate, Rotated};
use crate::store::Store;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const LIMITS: Limits = Limits {
    access: Duration::from_mins(10),
    idle: Duration::from_hours(24),
};

/// The engine in memory, and what was asked of it since the last look.
#[derive(Default)]
struct Counted {
    engine: Memory,
    reads: Mutex<usize>,
    /// The keys that each commit changed.
    commits: Mutex<Vec<Vec<Vec<u8>>>>,
}

impl Counted {
    fn look(&self) -> (usize, Vec<Vec<Vec<u8>>>) {
        let mut reads = self.reads.lock().expect("a count");
        let mut commits = self.commits.lock().expect("a list");
        (core::mem::take(&mut *reads), core::mem::take(&mut *commits))
    }
}

impl Engine for Counted {
    async fn write<T: Send + 'static>(
        &self,
        operation: impl Fn(&mut Transaction<'_>) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let watched = move |tx: &mut Transaction<'_>| {
            let answer = operation(tx)?;
            Ok((answer, tx.keys_written()))
        };
        let (answer, keys) = self.engine.write(watched).await?;
        self.commits.lock().expect("a list").push(keys);
        Ok(answer)
    }

    async fn read<T: Send + 'static>(
        &self,
        operation: impl Fn(&dyn View) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        *self.reads.lock().expect("a count") += 1;
        self.engine.read(operation).await
    }

    async fn health(&self) -> Result<(), StoreError> {
        self.engine.health().await
    }
}

async fn with_a_session() -> KeyValueStore<Counted> {
    let store = KeyValueStore(Counted::default());
    let profile = Profile {
        identity: Identity {
            issuer: "https://issuer.example".into(),
            subject: "ada".into(),
        },
        email: None,
        email_verified: false,
        name: None,
        hosted_domain: None,
    };
    let user = store
        .upsert_identity(profile, UserId::from_bytes([1; 16]), NOW)
        .await
        .expect("a user");
    let lifetimes = Lifetimes {
        access: LIMITS.access,
        absolute: Duration::from_hours(72),
        idle: LIMITS.idle,
    };
    let session = Session::open(id(), user.id, None, NOW, lifetimes);
    let origin = SessionOrigin {
        provider: "demo".into(),
        user_agent: None,
        address: None,
    };
    let new = NewSession {
        session,
        origin,
        max_sessions: 100,
    };
    let opened = store.open_session(new).await;
    opened.expect("a session");
    store.0.look();
    store
}

fn id() -> SessionId {
    SessionId::from_bytes([1; 16])
}

async fn present(store: &KeyValueStore<Counted>, generation: u64, key: u8) -> Rotated {
    let presented = Presented {
        generation,
        key: Some(KeyHash([key; 16])),
        proof: None,
        user_banned: false,
    };
    let rotate = Rotate {
        session: id(),
        presented,
        device: Device::default(),
        now: NOW,
        limits: LIMITS,
    };
    let rotated = store.rotate(rotate).await.expect("the store answers");
    rotated.expect("the session is known")
}

#[tokio::test]
async fn one_rotation_is_one_commit_of_one_record() {
    let store = with_a_session().await;
    for generation in 0..100 {
        let rotated = present(&store, generation, 1).await;
        assert!(matches!(rotated.decision, Decision::Rotated(_)));
        let one_commit_of_the_session = vec![vec![key::session(id())]];
        assert_eq!(store.0.look(), (0, one_commit_of_the_session));
    }
}

#[tokio::test]
async fn a_token_that_changes_nothing_writes_nothing() {
    let store = with_a_session().await;
    present(&store, 0, 1).await;
    store.0.look();
    // The lost reply again, within the same millisecond; and another tab.
    for key in [1, 2] {
        present(&store, 0, key).await;
        assert_eq!(store.0.look(), (0, vec![vec![]]), "key {key}");
    }
}

#[tokio::test]
async fn sign_ins_that_an_earlier_version_stored_are_swept_and_kept_out_of_backups() {
    const LINE: &str = r#"{"login_flow":{"id":"AQEBAQEBAQEBAQEBAQEBAQ","provider":"google","state":"s","nonce":"n","verifier":"v","return_to":"/account","max_age":600,"expires_at":1800000600000}}"#;
    let record: Record = serde_json::from_str(LINE).expect("it is read");
    // A backup's checks are made over what is written again.
    assert_eq!(serde_json::to_string(&record).expect("JSON"), LINE);
    assert!(!format!("{record:?}").contains("verifier"), "{record:?}");
    let store = KeyValueStore(Memory::default());
    store.import(vec![record]).await.expect("imported");
    let nothing = store.0.write(|tx| tx.scan(b"", 10)).await.expect("read");
    assert_eq!(nothing, []);

    let end = NOW.plus(Duration::from_mins(10));
    let write = move |tx: &mut Transaction<'_>| {
        let key = [&b"f"[..], &[1; 16]].concat();
        tx.mark(key::expiry(end, &key));
        let flow: serde_json::Value = serde_json::from_str(LINE).expect("JSON");
        tx.put(key, &flow["login_flow"])
    };
    store.0.write(write).await.expect("written");
    let mut from = None;
    loop {
        let (records, next) = store.export(from).await.expect("exported");
        assert_eq!(records, []);
        from = next;
        if from.is_none() {
            break;
        }
    }
    assert_eq!(store.sweep(NOW, 10).await, Ok(0));
    assert_eq!(store.sweep(end, 10).await, Ok(1));
    let left = store.0.write(|tx| tx.scan(b"f", 10)).await.expect("read");
    assert_eq!(left, []);
}

/// Accounts that an earlier version made are not in the index until a server opens the store.
#[tokio::test]
async fn accounts_of_before_the_index_are_found_by_their_addresses() {
    let store = KeyValueStore(Counted::default());
    let profile = Profile {
        identity: Identity {
            issuer: "https://issuer.example".into(),
            subject: "ada".into(),
        },
        email: Some("Ada@example.com".into()),
        email_verified: true,
        name: None,
        hosted_domain: None,
    };
    let ada = User::create(UserId::from_bytes([1; 16]), profile, NOW);
    let old = ada.clone();
    let written = store.0.engine.write(move |tx| users::put(tx, &old)).await;
    assert_eq!(written, Ok(()));
    let found = || store.users_by_email("ada@example.com".into());
    assert_eq!(found().await, Ok(vec![ada.clone()]));
    let fresh = StoreId::from_bytes([9; 16]);
    assert_eq!(store.identify(fresh, NOW).await, Ok(fresh));
    assert_eq!(found().await, Ok(vec![ada]));
}
