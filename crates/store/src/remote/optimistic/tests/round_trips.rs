//! The round trips of each operation, compared with the table in docs/performance.md.

mod others;

use super::fake_database::FakeDatabase;
use crate::contract::fixtures::{
    NOW, device, end, new_session, profile, refresh, rotate, session, session_with, user,
};
use crate::contract::{flows, local_accounts};
use crate::remote::Optimistic;
use crate::request::{
    CreateOutcome, EndSession, EndSessions, LinkIdentity, LinkOutcome, OpenOutcome,
    PasswordAuthority, Rotate, SetPasswordOutcome, UnlinkIdentity, UnlinkOutcome,
};
use crate::search::UserQuery;
use crate::store::{
    Flows as _, LocalAccounts as _, Maintenance as _, Sessions as _, Store, Users as _,
};
use core::time::Duration;
use latchkey_core::LinkTarget;
use latchkey_core::rotation::{Decision, REUSE_LEEWAY};
use latchkey_core::session::Thumbprint;
use latchkey_core::{
    Denial, DenialReason, Denied, EndReason, LinkHash, Requester, SessionId, StoreId, User, UserId,
};
use std::fmt::Write as _;

use self::others::others;

/// The measured round trips of each operation.
struct Costs {
    database: FakeDatabase,
    table: String,
}

impl Costs {
    /// Adds a row with the round trips since the last call, which are those of this operation.
    fn record(&mut self, operation: &str, case: &str) {
        let (fetches, commits) = self.database.round_trips();
        let total = fetches + commits;
        let row = format!("| `{operation}` | {case} | {fetches} | {commits} | {total} |\n");
        self.table.push_str(&row);
    }

    /// Ignores the round trips so far.
    fn reset(&self) {
        self.database.round_trips();
    }
}

/// The number of records that an operation affects. The round trips must not depend on it.
const MANY: u8 = 60;

async fn open(store: &dyn Store, user: &User, shard: u8, number: u8) {
    let mut new = new_session(user, number, None);
    let mut id = [number; 16];
    id[0] = shard;
    new.session.id = SessionId::from_bytes(id);
    let opened = store.open_session(new).await.expect("opened");
    assert!(matches!(opened, OpenOutcome::Opened(_)), "{opened:?}");
}

fn denials(first: u8) -> Vec<Denial> {
    let denial = |number| Denial {
        denied: Denied::Session(SessionId::from_bytes([number; 16])),
        reason: DenialReason::Revoked,
        at: NOW,
        until: NOW.plus(Duration::from_mins(12)),
        cutoff: None,
        note: None,
    };
    (first..first + MANY).map(denial).collect()
}

#[tokio::test]
async fn round_trips_of_every_operation_match_the_documentation() {
    let database = FakeDatabase::default();
    let store = Optimistic::new(database.clone());
    let mut costs = Costs {
        database,
        table: String::from(
            "| operation | case | fetches | commits | round trips |\n|---|---|---:|---:|---:|\n",
        ),
    };
    users(&store, &mut costs).await;
    local_accounts_of(&store, &mut costs).await;
    refreshes(&store, &mut costs).await;
    ends(&store, &mut costs).await;
    accounts(&store, &mut costs).await;
    others(&store, &mut costs).await;
    assert_complete(&costs.table);
    assert_documented(&costs.table);
}

/// Asserts that the table contains every method of the traits, except `follow`.
fn assert_complete(table: &str) {
    let traits = [
        include_str!("../../../store.rs"),
        include_str!("../../../store/audit.rs"),
        include_str!("../../../store/signing_keys.rs"),
        include_str!("../../../store/users.rs"),
    ];
    let methods = traits
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.strip_prefix("    async fn "));
    let methods = methods.filter_map(|rest| rest.split_once('(').map(|(name, _)| name));
    let missing: Vec<_> = methods
        .filter(|name| *name != "follow" && !table.contains(&format!("| `{name}` |")))
        .collect();
    assert!(missing.is_empty(), "not measured: {missing:?}");
}

async fn users(store: &Optimistic<FakeDatabase>, costs: &mut Costs) {
    costs.reset();
    store.id().await.expect("read");
    costs.record("id", "");
    let fresh = StoreId::from_bytes([1; 16]);
    store.identify(fresh, NOW).await.expect("an id");
    costs.record("identify", "a new store");
    store.identify(fresh, NOW).await.expect("an id");
    costs.record("identify", "a known store");
    let ada = user(store, 1).await;
    costs.record("upsert_identity", "a new user");
    user(store, 1).await;
    costs.record("upsert_identity", "nothing has changed");
    let mut renamed = profile("user-1");
    renamed.name = Some("Ada".into());
    let id = UserId::from_bytes([9; 16]);
    store
        .upsert_identity(renamed, id, NOW)
        .await
        .expect("found");
    costs.record("upsert_identity", "a new name");
    store.user(ada.id).await.expect("read");
    costs.record("user", "");
    let email = ada.email.clone().expect("an address");
    let found = store.users_by_email(email).await.expect("read");
    assert_eq!(found.len(), 1);
    costs.record("users_by_email", "");
    let email = String::from("user-1@example.com");
    let found = store.oldest_local_accounts_by_email(email, 3).await;
    assert_eq!(found, Ok(vec![]));
    costs.record("oldest_local_accounts_by_email", "a page");
    let query = UserQuery {
        text: "ada".into(),
        ..UserQuery::default()
    };
    let found = store.search_users(query, None, 10, NOW).await;
    assert_eq!(found.expect("read").expect("a page").items.len(), 1);
    costs.record("search_users", "a page");
    let by = Requester::default();
    let roles = store.set_roles(ada.id, vec!["editor".into()], by, NOW);
    roles.await.expect("set").expect("known");
    costs.record("set_roles", "");
    let finished = store.finish_login_flow(flows::id(1), flows::END).await;
    assert_eq!(finished, Ok(true));
    costs.record("finish_login_flow", "");
    let known = store.is_login_flow_finished(flows::id(1)).await;
    assert_eq!(known, Ok(true));
    costs.record("is_login_flow_finished", "");
}

async fn local_accounts_of(store: &Optimistic<FakeDatabase>, costs: &mut Costs) {
    costs.reset();
    let (invitation, by) = (local_accounts::invitation(), Requester::default);
    let added = store.add_one_time_link(LinkHash([1; 32]), invitation, by(), NOW);
    assert_eq!(added.await, Ok(true));
    costs.record("add_one_time_link", "an invitation");
    let mut new = local_accounts::local(200, "eve");
    new.invitation = Some(LinkHash([1; 32]));
    let created = store.create_local_user(new).await;
    assert_eq!(created, Ok(CreateOutcome::Created));
    costs.record("create_local_user", "");
    let eve = local_accounts::username("eve");
    let credential = store.credential(eve.clone()).await;
    assert!(credential.expect("read").is_some());
    costs.record("credential", "");
    let replaced = store.replace_hash(eve, "first".into(), "second".into());
    assert_eq!(replaced.await, Ok(true));
    costs.record("replace_hash", "");
    let hash = LinkHash([2; 32]);
    let added = store.add_one_time_link(hash, local_accounts::reset("eve"), by(), NOW);
    assert_eq!(added.await, Ok(true));
    costs.record("add_one_time_link", "to set a password");
    let link = store.one_time_link(hash, NOW).await;
    assert!(link.expect("read").is_some());
    costs.record("one_time_link", "");
    let by_link = local_accounts::set("eve", PasswordAuthority::Link(hash), "third");
    let set = store.set_password(by_link).await;
    assert!(matches!(set, Ok(SetPasswordOutcome::Set { .. })), "{set:?}");
    costs.record("set_password", "no session");
}

async fn refreshes(store: &Optimistic<FakeDatabase>, costs: &mut Costs) {
    let ada = user(store, 1).await;
    costs.reset();
    let one = session(store, &ada, 1).await;
    costs.record("open_session", "there is room");
    let mut second = new_session(&ada, 2, None);
    second.max_sessions = 1;
    second.session.opened_at = NOW.plus(Duration::from_secs(1));
    let Ok(OpenOutcome::Opened(started)) = store.open_session(second).await else {
        panic!("not opened");
    };
    assert_eq!(started.displaced.len(), 1);
    costs.record("open_session", "another session is ended to make room");
    store.session(one.id).await.expect("read");
    costs.record("session", "");
    let live = store.live_sessions(ada.id, NOW).await.expect("read");
    assert_eq!(live.len(), 1);
    costs.record("live_sessions", "");
    let stored = store.stored_sessions(ada.id, None, 10).await;
    assert_eq!(stored.expect("read").sessions.len(), 2);
    costs.record("stored_sessions", "a page");
    let page = store.all_sessions(None, 10, NOW).await.expect("read");
    assert!(!page.expect("a page").items.is_empty());
    costs.record("all_sessions", "a page");

    let two = started.session;
    rotate(store, refresh(&two, 0, Some(1))).await;
    costs.record("rotate", "rotated");
    let repeated = rotate(store, refresh(&two, 0, Some(1))).await;
    assert!(matches!(repeated.decision, Decision::Repeated(_)));
    costs.record("rotate", "repeated");
    let superseded = rotate(store, refresh(&two, 0, Some(2))).await;
    assert_eq!(superseded.decision, Decision::Superseded);
    costs.record("rotate", "superseded");
    let late = Rotate {
        now: NOW.plus(REUSE_LEEWAY),
        ..refresh(&two, 0, None)
    };
    let replayed = rotate(store, late).await;
    assert!(matches!(replayed.decision, Decision::Replayed(_)));
    costs.record("rotate", "replayed");
    let refused = rotate(store, refresh(&two, 1, None)).await;
    assert!(matches!(refused.decision, Decision::Refused(_)));
    costs.record("rotate", "refused");
    let bound = session_with(store, &ada, 3, Some(Thumbprint([1; 32]))).await;
    costs.reset();
    let unproven = rotate(store, refresh(&bound, 0, None)).await;
    assert_eq!(unproven.decision, Decision::ProofMissing);
    costs.record("rotate", "DPoP proof missing");
}

async fn ends(store: &Optimistic<FakeDatabase>, costs: &mut Costs) {
    for number in 0..MANY {
        let user = user(store, number).await;
        open(store, &user, 7, number).await;
    }
    let [ada, ben] = [user(store, 100).await, user(store, 101).await];
    for number in 0..MANY {
        open(store, &ada, 1, number).await;
        open(store, &ben, 2, number).await;
    }
    let kept = session(store, &ada, 99).await;
    let first = session(store, &ada, 98).await;
    let second = session(store, &ada, 97).await;
    costs.reset();
    let owned = EndSession {
        owner: Some(ada.id),
        ..end(second.id)
    };
    store.end_session(owned).await.expect("ended");
    costs.record("end_session", "owner given");
    store.end_session(end(first.id)).await.expect("ended");
    costs.record("end_session", "owner not given");
    store.end_session(end(first.id)).await.expect("ended");
    costs.record("end_session", "already ended");
    let all = |keep| EndSessions {
        user: ada.id,
        keep,
        reason: EndReason::Revoked,
        device: device("192.0.2.1"),
        actor: None,
        note: None,
        now: NOW,
    };
    let ended = store.end_sessions_of(all(Some(kept.id))).await;
    let ended = ended.expect("ended").expect("known");
    assert_eq!(ended.live, usize::from(MANY));
    costs.record("end_sessions_of", "60 sessions, all but one");
    let banned = store
        .ban_user(ben.id, "spam".into(), None, Requester::default(), NOW)
        .await;
    let banned = banned.expect("banned").expect("known");
    assert_eq!((banned.denials.len(), banned.live), (1, usize::from(MANY)));
    costs.record("ban_user", "60 sessions");
    store
        .unban_user(ben.id, Requester::default(), NOW)
        .await
        .expect("lifted");
    costs.record("unban_user", "");
    store
        .end_everyone(Requester::default(), NOW)
        .await
        .expect("ended");
    costs.record("end_everyone", "");
    let ended = store.end_sessions_in_shard(7).await.expect("written");
    assert_eq!(ended.len(), usize::from(MANY));
    costs.record("end_sessions_in_shard", "60 sessions of 60 users");
    store.end_sessions_in_shard(7).await.expect("written");
    costs.record("end_sessions_in_shard", "nothing to update");
}

async fn accounts(store: &Optimistic<FakeDatabase>, costs: &mut Costs) {
    let eve = user(store, 110).await;
    let first = session(store, &eve, 110).await;
    costs.reset();
    let link = LinkIdentity {
        target: LinkTarget {
            user: eve.id,
            session: first.id,
        },
        profile: profile("linked"),
        device: device("192.0.2.1"),
        now: NOW,
    };
    let linked = store.link_identity(link).await.expect("linked");
    let LinkOutcome::Linked { user: eve, .. } = linked else {
        panic!("{linked:?}");
    };
    costs.record("link_identity", "");
    for number in 0..MANY {
        let mut new = new_session(&eve, number, None);
        let mut id = [number; 16];
        id[0] = 3;
        new.session.id = SessionId::from_bytes(id);
        new.session.identity = 1;
        store.open_session(new).await.expect("opened");
    }
    costs.reset();
    let unlink = UnlinkIdentity {
        user: eve.id,
        number: 1,
        session: first.id,
        device: device("192.0.2.1"),
        now: NOW,
    };
    let unlinked = store.unlink_identity(unlink).await.expect("removed");
    let UnlinkOutcome::Unlinked(ended) = unlinked else {
        panic!("{unlinked:?}");
    };
    assert_eq!(ended.len(), usize::from(MANY));
    costs.record("unlink_identity", "60 sessions");
    store
        .delete_user(eve.id, first.id, NOW)
        .await
        .expect("deleted");
    costs.record("delete_user", "60 sessions and 62 events");
    store
        .finish_deletions(10, NOW, &mut Vec::new())
        .await
        .expect("finished");
    costs.record("finish_deletions", "nothing is left");
}

/// Asserts that the documentation contains this table.
fn assert_documented(table: &str) {
    const BEGIN: &str = "<!-- round-trips -->\n";
    const END: &str = "<!-- /round-trips -->";
    let text = include_str!("../../../../../../docs/performance.md");
    let (_, rest) = text.split_once(BEGIN).expect("the start of the table");
    let (documented, _) = rest.split_once(END).expect("the end of the table");
    let mut message = String::new();
    write!(message, "update docs/performance.md:\n\n{table}").expect("written");
    assert_eq!(documented.trim(), table.trim(), "{message}");
}
