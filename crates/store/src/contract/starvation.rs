//! Revocations succeed within a few attempts, however fast the affected user writes.
//!
//! An attempt is a commit. It conflicts only if another operation has changed a record that it
//! depends on. How long an attempt takes depends on the store and the machine, so these tests count
//! attempts instead of seconds.

use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::Arc;

use latchkey_core::rotation::Decision;
use latchkey_core::{
    AuditEvent, AuditKind, Denial, DenialReason, Denied, EndReason, Requester, Session, SessionId,
    Timestamp, TokenId, User, UserId,
};
use tokio::task::JoinSet;

use super::fixtures::{
    NOW, StorePair, device, end, new_session, profile, refresh, rotate, session, user,
};
use crate::attempts::counted;
use crate::request::{EndSessions, OpenOutcome, Rotate};
use crate::store::Store;

/// The maximum number of attempts for a revocation, including the updates of the session records.
/// PostgreSQL needs at most two per change, because the second holds locks. Redis needs one more
/// attempt whenever an opponent writes between fetch and commit. The highest number observed is 5.
const MAX_ATTEMPTS: usize = 20;
/// How many times each opponent must write before the revocation, and again after it.
const MIN_WRITES: usize = 5;
/// How many sessions are refreshed, each in its own loop.
const REFRESHERS: u8 = 4;

/// A revocation that must not starve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Revocation {
    Ban,
    EndAll,
    EndAllButOne,
    EndEveryone,
    EndOne,
    RevokeOne,
    RevokeToken,
}

pub(super) const REVOCATIONS: [Revocation; 7] = [
    Revocation::Ban,
    Revocation::EndAll,
    Revocation::EndAllButOne,
    Revocation::EndEveryone,
    Revocation::EndOne,
    Revocation::RevokeOne,
    Revocation::RevokeToken,
];

/// Concurrent writes to the user's records, in loops at both servers until they are stopped.
struct Opponents {
    stop: Arc<AtomicBool>,
    /// The number of writes of each loop.
    written: Vec<Arc<AtomicUsize>>,
    clock: Arc<AtomicU64>,
    loops: JoinSet<()>,
}

/// The state of one loop.
#[derive(Clone)]
struct Opponent {
    store: Arc<dyn Store>,
    stop: Arc<AtomicBool>,
    written: Arc<AtomicUsize>,
    clock: Arc<AtomicU64>,
}

impl Opponent {
    /// A clock that advances with the work, so that several events fall into one millisecond.
    fn now(&self) -> Timestamp {
        let ticks = self.clock.fetch_add(1, Ordering::SeqCst);
        NOW.plus(Duration::from_millis(ticks / 20))
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Counts a write, and yields: the futures of an embedded store may never be pending.
    async fn wrote(&self) {
        self.written.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }

    /// Refreshes a session in a loop.
    async fn refresh(self, mut session: Session) {
        while !self.is_stopped() {
            let request = Rotate {
                now: self.now(),
                ..refresh(&session, session.generation, None)
            };
            match rotate(&*self.store, request).await.decision {
                Decision::Rotated(next) => session = next,
                Decision::Refused(_) => {}
                other => panic!("{other:?}"),
            }
            self.wrote().await;
        }
    }

    /// Signs in and out in a loop.
    async fn sign_in_and_out(self, user: User, number: u8) {
        let mut count = 0_u64;
        while !self.is_stopped() {
            count += 1;
            let mut new = new_session(&user, number, None);
            let mut id = [number; 16];
            id[..8].copy_from_slice(&count.to_be_bytes());
            new.session.id = SessionId::from_bytes(id);
            new.session.opened_at = self.now();
            let opened = self.store.open_session(new).await.expect("a result");
            if let OpenOutcome::Opened(started) = opened {
                let mut sign_out = end(started.session.id);
                sign_out.now = self.now();
                self.store.end_session(sign_out).await.expect("ended");
            }
            self.wrote().await;
        }
    }

    /// Changes the profile in a loop.
    async fn rename(self, number: u8) {
        let mut count = 0;
        while !self.is_stopped() {
            count += 1;
            let mut profile = profile("user-1");
            profile.name = Some(format!("Mallory {number}-{count}"));
            let id = UserId::from_bytes([200 + number; 16]);
            let renamed = self.store.upsert_identity(profile, id, self.now()).await;
            renamed.expect("renamed");
            self.wrote().await;
        }
    }
}

impl Opponents {
    fn start(stores: &StorePair, user: &User, sessions: &[Session]) -> Self {
        let mut all = Self {
            stop: Arc::default(),
            written: Vec::new(),
            clock: Arc::default(),
            loops: JoinSet::new(),
        };
        for (number, session) in sessions.iter().enumerate() {
            let opponent = all.opponent(&stores[number % 2]);
            all.loops.spawn(opponent.refresh(session.clone()));
        }
        for (number, store) in (0..).zip(stores) {
            let opponent = all.opponent(store);
            let sign_in_and_out = opponent.sign_in_and_out(user.clone(), 100 + number);
            all.loops.spawn(sign_in_and_out);
            let opponent = all.opponent(store);
            all.loops.spawn(opponent.rename(number));
        }
        all
    }

    fn opponent(&mut self, store: &Arc<dyn Store>) -> Opponent {
        let written = Arc::new(AtomicUsize::new(0));
        self.written.push(Arc::clone(&written));
        Opponent {
            store: Arc::clone(store),
            stop: Arc::clone(&self.stop),
            written,
            clock: Arc::clone(&self.clock),
        }
    }

    /// Waits until each loop has written [`MIN_WRITES`] more times.
    async fn wait_for_progress(&self) {
        let counts = || self.written.iter().map(|it| it.load(Ordering::SeqCst));
        let before: Vec<_> = counts().collect();
        while counts()
            .zip(&before)
            .any(|(now, before)| now < before + MIN_WRITES)
        {
            tokio::task::yield_now().await;
        }
    }

    async fn stop(mut self) {
        self.stop.store(true, Ordering::SeqCst);
        while let Some(done) = self.loops.join_next().await {
            done.expect("an opponent failed");
        }
    }
}

/// Performs a revocation while its opponents write.
pub(super) async fn revocation_succeeds(stores: StorePair, revocation: Revocation) {
    let user = user(&*stores[0], 1).await;
    let mut sessions = Vec::new();
    for number in 1..=REFRESHERS {
        sessions.push(session(&*stores[0], &user, number).await);
    }
    let opponents = Opponents::start(&stores, &user, &sessions);
    opponents.wait_for_progress().await;
    let now = NOW.plus(Duration::from_millis(
        opponents.clock.load(Ordering::SeqCst) / 20,
    ));
    let (ended, attempts) = perform(&stores[0], revocation, &user, &sessions, now).await;
    assert!(
        attempts <= MAX_ATTEMPTS,
        "{revocation:?} took {attempts} attempts"
    );
    // The opponents are still writing.
    opponents.wait_for_progress().await;
    for session in ended {
        let known = stores[1].session(session.id).await.expect("read");
        let status = known.expect("known").status;
        assert!(!status.is_live(), "{revocation:?}: {status:?}");
        let denials = stores[1].live_denials(now).await.expect("read");
        let refused = |it: &Denial| match it.denied {
            Denied::Session(id) => id == session.id,
            Denied::User(id) => id == user.id,
            Denied::Everyone => true,
            Denied::Token(_) => false,
        };
        assert!(denials.iter().any(refused), "{revocation:?}");
    }
    opponents.stop().await;
}

/// Returns the sessions that must have ended, and the number of attempts.
async fn perform(
    store: &Arc<dyn Store>,
    revocation: Revocation,
    user: &User,
    sessions: &[Session],
    now: Timestamp,
) -> (Vec<Session>, usize) {
    let all = sessions.to_vec();
    let end_all = |keep: Option<&Session>| EndSessions {
        user: user.id,
        keep: keep.map(|session| session.id),
        reason: EndReason::EndedAll,
        device: device("192.0.2.1"),
        actor: None,
        note: None,
        now,
    };
    let end_one = |reason| {
        let mut one = end(sessions[0].id);
        one.reason = reason;
        one.now = now;
        counted(store.end_session(one))
    };
    match revocation {
        Revocation::Ban => {
            let ban = store.ban_user(user.id, "spam".into(), None, Requester::default(), now);
            let (banned, attempts) = counted(ban).await;
            assert!(banned.expect("banned").is_some());
            (all, attempts)
        }
        Revocation::EndAll => {
            let (ended, attempts) = counted(store.end_sessions_of(end_all(None))).await;
            assert!(ended.expect("ended").is_some());
            (all, attempts)
        }
        Revocation::EndAllButOne => {
            let keep = end_all(sessions.first());
            let (ended, attempts) = counted(store.end_sessions_of(keep)).await;
            assert!(ended.expect("ended").is_some());
            (all[1..].to_vec(), attempts)
        }
        Revocation::EndEveryone => {
            let (ended, attempts) = counted(store.end_everyone(Requester::default(), now)).await;
            ended.expect("ended");
            (all, attempts)
        }
        Revocation::EndOne | Revocation::RevokeOne => {
            let reason = if revocation == Revocation::EndOne {
                EndReason::EndedRemotely
            } else {
                EndReason::Revoked
            };
            let (ended, attempts) = end_one(reason).await;
            assert!(ended.expect("ended").is_some());
            (all[..1].to_vec(), attempts)
        }
        Revocation::RevokeToken => {
            let denial = Denial {
                denied: Denied::Token(TokenId::from_bytes([1; 16])),
                reason: DenialReason::Revoked,
                at: now,
                until: now.plus(Duration::from_mins(1)),
                cutoff: None,
                note: None,
            };
            let event = AuditEvent {
                at: now,
                kind: AuditKind::Revoked,
                user: user.id,
                session: Some(sessions[0].id),
                device: device("192.0.2.4"),
                actor: None,
                other_address: None,
            };
            let revoke = store.revoke_token(denial.clone(), event);
            let (revoked, attempts) = counted(revoke).await;
            revoked.expect("revoked");
            let live = store.live_denials(now).await.expect("read");
            assert!(live.contains(&denial), "{live:?}");
            (Vec::new(), attempts)
        }
    }
}
