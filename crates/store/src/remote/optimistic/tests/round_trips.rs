//! What each operation costs in round trips, as docs/performance.md has it.

use core::time::Duration;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use latchkey_core::rotation::{Decision, REUSE_LEEWAY};
use latchkey_core::session::Thumbprint;
use latchkey_core::{
    AuditEvent, AuditKind, Denial, DenialReason, Denied, EndReason, SealedSigningKey, SessionId,
    SigningAlgorithm, StoreId, TokenId, User, UserId,
};

use super::machine::Machine;
use crate::backup::Record;
use crate::contract::flows;
use crate::contract::world::{
    NOW, device, end, new_session, profile, refresh, rotate, session, session_with, user,
};
use crate::remote::Optimistic;
use crate::request::{EndSession, EndSessions, Opened, Rotate};
use crate::store::{
    Audit as _, Backup as _, Denials as _, Flows as _, Maintenance as _, Sessions as _,
    SigningKeys as _, Store, Users as _,
};

/// What each operation took.
struct Ledger {
    machine: Machine,
    table: String,
}

impl Ledger {
    /// Notes down what was asked of the database since the last note, as the cost of this.
    fn note(&mut self, operation: &str, case: &str) {
        let (fetches, commits) = self.machine.round_trips();
        let total = fetches + commits;
        let row = format!("| `{operation}` | {case} | {fetches} | {commits} | {total} |\n");
        self.table.push_str(&row);
    }

    /// Forgets what it took to get there.
    fn forget(&self) {
        self.machine.round_trips();
    }
}

/// How many of a thing are done at once where many cost no more than one.
const MANY: u8 = 60;

async fn open(store: &dyn Store, person: &User, shard: u8, number: u8) {
    let mut new = new_session(person, number, None);
    let mut id = [number; 16];
    id[0] = shard;
    new.session.id = SessionId::from_bytes(id);
    let opened = store.open_session(new).await.expect("the store answers");
    assert!(matches!(opened, Opened::Opened(_)), "{opened:?}");
}

fn denials(first: u8) -> Vec<Denial> {
    let denial = |number| Denial {
        denied: Denied::Session(SessionId::from_bytes([number; 16])),
        reason: DenialReason::Revoked,
        at: NOW,
        until: NOW.plus(Duration::from_mins(12)),
        cutoff: None,
    };
    (first..first + MANY).map(denial).collect()
}

#[tokio::test]
async fn every_operation_costs_the_round_trips_that_are_documented() {
    let machine = Machine::default();
    let store = Optimistic::new(machine.clone());
    let mut ledger = Ledger {
        machine,
        table: String::from(
            "| operation | case | fetches | commits | round trips |\n|---|---|---:|---:|---:|\n",
        ),
    };
    accounts(&store, &mut ledger).await;
    refreshes(&store, &mut ledger).await;
    ends(&store, &mut ledger).await;
    the_rest(&store, &mut ledger).await;
    is_complete(&ledger.table);
    is_documented(&ledger.table);
}

/// Every method of the traits is in it. What follows other machines takes no answer of its own.
fn is_complete(table: &str) {
    let traits = include_str!("../../../store.rs");
    let methods = traits
        .lines()
        .filter_map(|line| line.strip_prefix("    async fn "));
    let methods = methods.filter_map(|rest| rest.split_once('(').map(|(name, _)| name));
    let missing: Vec<_> = methods
        .filter(|name| *name != "follow" && !table.contains(&format!("| `{name}` |")))
        .collect();
    assert!(missing.is_empty(), "not measured: {missing:?}");
}

async fn accounts(store: &Optimistic<Machine>, ledger: &mut Ledger) {
    ledger.forget();
    store.id().await.expect("read");
    ledger.note("id", "");
    let fresh = StoreId::from_bytes([1; 16]);
    store.identify(fresh, NOW).await.expect("an id");
    ledger.note("identify", "a new store");
    store.identify(fresh, NOW).await.expect("an id");
    ledger.note("identify", "a known store");
    let ada = user(store, 1).await;
    ledger.note("upsert_identity", "a new account");
    user(store, 1).await;
    ledger.note("upsert_identity", "nothing has changed");
    let mut renamed = profile("person-1");
    renamed.name = Some("Ada".into());
    let id = UserId::from_bytes([9; 16]);
    store
        .upsert_identity(renamed, id, NOW)
        .await
        .expect("found");
    ledger.note("upsert_identity", "a new name");
    store.user(ada.id).await.expect("read");
    ledger.note("user", "");
    let email = ada.email.clone().expect("an address");
    let found = store.users_by_email(email).await.expect("read");
    assert_eq!(found.len(), 1);
    ledger.note("users_by_email", "");
    let finished = store.finish_login_flow(flows::id(1), flows::END).await;
    assert_eq!(finished, Ok(true));
    ledger.note("finish_login_flow", "");
    let known = store.is_login_flow_finished(flows::id(1)).await;
    assert_eq!(known, Ok(true));
    ledger.note("is_login_flow_finished", "");
}

async fn refreshes(store: &Optimistic<Machine>, ledger: &mut Ledger) {
    let ada = user(store, 1).await;
    ledger.forget();
    let one = session(store, &ada, 1).await;
    ledger.note("open_session", "there is room");
    let mut second = new_session(&ada, 2, None);
    second.max_sessions = 1;
    second.session.opened_at = NOW.plus(Duration::from_secs(1));
    let Ok(Opened::Opened(started)) = store.open_session(second).await else {
        panic!("not opened");
    };
    assert_eq!(started.displaced.len(), 1);
    ledger.note("open_session", "another one makes room");
    store.session(one.id).await.expect("read");
    ledger.note("session", "");
    let live = store.live_sessions(ada.id, NOW).await.expect("read");
    assert_eq!(live.len(), 1);
    ledger.note("live_sessions", "");

    let two = started.session;
    rotate(store, refresh(&two, 0, Some(1))).await;
    ledger.note("rotate", "rotated");
    let repeated = rotate(store, refresh(&two, 0, Some(1))).await;
    assert!(matches!(repeated.decision, Decision::Repeated(_)));
    ledger.note("rotate", "repeated in the same moment, or superseded");
    let late = Rotate {
        now: NOW.plus(REUSE_LEEWAY),
        ..refresh(&two, 0, None)
    };
    let replayed = rotate(store, late).await;
    assert!(matches!(replayed.decision, Decision::Replayed(_)));
    ledger.note("rotate", "replayed");
    let refused = rotate(store, refresh(&two, 1, None)).await;
    assert!(matches!(refused.decision, Decision::Refused(_)));
    ledger.note("rotate", "refused");
    let bound = session_with(store, &ada, 3, Some(Thumbprint([1; 32]))).await;
    ledger.forget();
    let unproven = rotate(store, refresh(&bound, 0, None)).await;
    assert_eq!(unproven.decision, Decision::ProofMissing);
    ledger.note("rotate", "without its key");
}

async fn ends(store: &Optimistic<Machine>, ledger: &mut Ledger) {
    for number in 0..MANY {
        let person = user(store, number).await;
        open(store, &person, 7, number).await;
    }
    let [ada, ben] = [user(store, 100).await, user(store, 101).await];
    for number in 0..MANY {
        open(store, &ada, 1, number).await;
        open(store, &ben, 2, number).await;
    }
    let kept = session(store, &ada, 99).await;
    let gone = session(store, &ada, 98).await;
    let also_gone = session(store, &ada, 97).await;
    ledger.forget();
    let theirs = EndSession {
        of: Some(ada.id),
        ..end(also_gone.id)
    };
    store.end_session(theirs).await.expect("ended");
    ledger.note("end_session", "of a given account");
    store.end_session(end(gone.id)).await.expect("ended");
    ledger.note("end_session", "of whichever account");
    store.end_session(end(gone.id)).await.expect("ended");
    ledger.note("end_session", "it is over already");
    let all = |keep| EndSessions {
        user: ada.id,
        keep,
        reason: EndReason::Revoked,
        device: device("192.0.2.1"),
        now: NOW,
    };
    let ended = store.end_sessions_of(all(Some(kept.id))).await;
    let ended = ended.expect("ended").expect("known");
    assert_eq!(ended.live, usize::from(MANY));
    ledger.note("end_sessions_of", "60 sessions, all but one");
    let banned = store.ban_user(ben.id, "spam".into(), NOW).await;
    let banned = banned.expect("banned").expect("known");
    assert_eq!((banned.denials.len(), banned.live), (1, usize::from(MANY)));
    ledger.note("ban_user", "60 sessions");
    store.unban_user(ben.id, NOW).await.expect("lifted");
    ledger.note("unban_user", "");
    store.end_everyone(NOW).await.expect("ended");
    ledger.note("end_everyone", "");
    let ended = store.end_sessions_in_shard(7).await.expect("written");
    assert_eq!(ended.len(), usize::from(MANY));
    ledger.note("end_sessions_in_shard", "60 sessions of 60 accounts");
    store.end_sessions_in_shard(7).await.expect("written");
    ledger.note("end_sessions_in_shard", "nothing to write");
}

async fn the_rest(store: &Optimistic<Machine>, ledger: &mut Ledger) {
    let ada = user(store, 1).await;
    ledger.forget();
    store.deny(denials(0)).await.expect("denied");
    ledger.note("deny", "60 denials");
    let denial = Denial {
        denied: Denied::Token(TokenId::from_bytes([1; 16])),
        ..denials(0).remove(0)
    };
    let event = AuditEvent {
        at: NOW,
        kind: AuditKind::Revoked,
        user: ada.id,
        session: None,
        device: device("192.0.2.4"),
        other_address: None,
    };
    store.revoke_token(denial, event).await.expect("revoked");
    ledger.note("revoke_token", "");
    let page = store.denials(None, 10).await.expect("read");
    assert_eq!(page.0.len(), 10);
    ledger.note("denials", "a page");
    store.live_denials(NOW).await.expect("read");
    ledger.note("live_denials", "up to 10,000");
    let events = store.audit_events(ada.id, None, 10, NOW).await;
    assert!(!events.expect("read").is_empty());
    ledger.note("audit_events", "a page");
    let key = SealedSigningKey {
        kid: "one".into(),
        algorithm: SigningAlgorithm::EdDSA,
        sealed: "c2VhbGVk".into(),
        created_at: NOW,
        signs_from: NOW,
        verifies_until: None,
    };
    assert_eq!(store.add_signing_key(key, None, NOW).await, Ok(true));
    ledger.note("add_signing_key", "");
    store.signing_keys().await.expect("read");
    ledger.note("signing_keys", "");
    assert_eq!(store.sweep(NOW, 500).await, Ok(0));
    ledger.note("sweep", "nothing is due");
    let later = NOW.plus(Duration::from_hours(1));
    assert!(store.sweep(later, 500).await.expect("swept") > usize::from(MANY));
    ledger.note("sweep", "up to 500 records");
    store.swept_until().await.expect("read");
    ledger.note("swept_until", "");
    let (records, next) = store.export(None).await.expect("exported");
    assert!(matches!(records[0], Record::Session { .. }));
    ledger.note("export", "a page of sessions");
    store.export(next).await.expect("exported");
    ledger.note("export", "a page of anything else");
    store.begin_import().await.expect("an answer");
    ledger.note("begin_import", "there are records");
    let records = denials(100).into_iter().map(Record::Denial).collect();
    store.import(records).await.expect("imported");
    ledger.note("import", "60 denials");
    store.finish_import().await.expect("finished");
    ledger.note("finish_import", "");
    crate::store::Maintenance::health(store)
        .await
        .expect("well");
    ledger.note("health", "");
    let conflicts = ledger.machine.0.conflicts.load(Ordering::Relaxed);
    assert_eq!(conflicts, 0, "nobody else was there");
}

/// The table stands in the documentation as it was measured.
fn is_documented(table: &str) {
    const BEGIN: &str = "<!-- round-trips -->\n";
    const END: &str = "<!-- /round-trips -->";
    let text = include_str!("../../../../../../docs/performance.md");
    let (_, rest) = text.split_once(BEGIN).expect("the beginning of the table");
    let (documented, _) = rest.split_once(END).expect("the end of the table");
    let mut message = String::new();
    write!(message, "put this into docs/performance.md:\n\n{table}").expect("written");
    assert_eq!(documented.trim(), table.trim(), "{message}");
}

/// What happens most often is cheap, and stays so.
#[tokio::test]
async fn a_refresh_is_one_fetch_and_one_commit_of_one_record() {
    let machine = Machine::default();
    let store = Optimistic::new(machine.clone());
    let ada = user(&store, 1).await;
    let mut current = session(&store, &ada, 1).await;
    machine.round_trips();
    for generation in 0..100 {
        let next = rotate(&store, refresh(&current, generation, Some(1))).await;
        let Decision::Rotated(next) = next.decision else {
            panic!("{next:?}");
        };
        assert_eq!(machine.round_trips(), (1, 1));
        let written = machine.0.written.lock().expect("keys").clone();
        assert_eq!(written, [crate::table::SESSIONS.key(&next.id)]);
        current = next;
    }
}

/// The lost reply again, within the same millisecond; and another tab.
#[tokio::test]
async fn a_token_that_changes_nothing_writes_nothing() {
    let machine = Machine::default();
    let store = Optimistic::new(machine.clone());
    let ada = user(&store, 1).await;
    let one = session(&store, &ada, 1).await;
    rotate(&store, refresh(&one, 0, Some(1))).await;
    machine.round_trips();
    for key in [1, 2] {
        rotate(&store, refresh(&one, 0, Some(key))).await;
        assert_eq!(machine.round_trips(), (1, 0), "key {key}");
    }
}

/// The account is looked up by the user that the token names, and decided by the session's own.
#[tokio::test]
async fn a_token_that_names_another_user_costs_a_round_trip_and_gains_nothing() {
    let machine = Machine::default();
    let store = Optimistic::new(machine.clone());
    let [ada, bob] = [user(&store, 1).await, user(&store, 2).await];
    let one = session(&store, &ada, 1).await;
    machine.round_trips();
    let named = Rotate {
        user: bob.id,
        ..refresh(&one, 0, None)
    };
    let rotated = rotate(&store, named).await;
    assert_eq!(rotated.user, ada);
    assert_eq!(machine.round_trips(), (2, 1));
}
