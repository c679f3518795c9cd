//! What must win wins within a few attempts, however fast the account that it concerns writes.
//!
//! An attempt is a commit that is tried. It fails only if another machine has changed what it
//! depends on since it was read. How long an attempt takes is up to the store and the machine, so
//! nothing here counts seconds.

use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::Arc;

use latchkey_core::rotation::Decision;
use latchkey_core::{
    AuditEvent, AuditKind, Denial, DenialReason, Denied, EndReason, Session, SessionId, Timestamp,
    TokenId, User, UserId,
};
use tokio::task::JoinSet;

use super::world::{
    Machines, NOW, device, end, new_session, profile, refresh, rotate, session, user,
};
use crate::attempts::counted;
use crate::request::{EndSessions, Opened, Rotate};
use crate::store::Store;

/// How many attempts an act may take, the slices in which it writes down its ends included. PostgreSQL
/// needs no more than two for a change, for the second has its records to itself; Redis loses one
/// whenever an opponent writes in the moment between fetch and commit. At most 5 were seen.
const MAX_ATTEMPTS: usize = 20;
/// How often each opponent must have written before the act.
const RUN_UP: usize = 5;
/// How many sessions are refreshed in a loop of their own.
const REFRESHERS: u8 = 4;

/// What must win.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Ban,
    EndAll,
    EndAllButOne,
    EndEveryone,
    EndOne,
    RevokeOne,
    RevokeToken,
}

pub(super) const ACTS: [Act; 7] = [
    Act::Ban,
    Act::EndAll,
    Act::EndAllButOne,
    Act::EndEveryone,
    Act::EndOne,
    Act::RevokeOne,
    Act::RevokeToken,
];

/// Everything that an account can write, in loops at both machines until they are stopped.
struct Opponents {
    stop: Arc<AtomicBool>,
    /// How often each loop has written.
    written: Vec<Arc<AtomicUsize>>,
    clock: Arc<AtomicU64>,
    loops: JoinSet<()>,
}

/// What one loop works with.
#[derive(Clone)]
struct Opponent {
    store: Arc<dyn Store>,
    stop: Arc<AtomicBool>,
    written: Arc<AtomicUsize>,
    clock: Arc<AtomicU64>,
}

impl Opponent {
    /// A clock that goes on with the work: events of one account meet in the same millisecond.
    fn now(&self) -> Timestamp {
        let ticks = self.clock.fetch_add(1, Ordering::SeqCst);
        NOW.plus(Duration::from_millis(ticks / 20))
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Counts a write, and lets the others go on where a store is always ready.
    async fn wrote(&self) {
        self.written.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }

    /// Refreshes a session.
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

    /// Signs in and out.
    async fn come_and_go(self, user: User, number: u8) {
        let mut count = 0_u64;
        while !self.is_stopped() {
            count += 1;
            let mut new = new_session(&user, number, None);
            let mut id = [number; 16];
            id[..8].copy_from_slice(&count.to_be_bytes());
            new.session.id = SessionId::from_bytes(id);
            new.session.opened_at = self.now();
            let opened = self.store.open_session(new).await.expect("an answer");
            if let Opened::Opened(started) = opened {
                let mut gone = end(started.session.id);
                gone.now = self.now();
                self.store.end_session(gone).await.expect("ended");
            }
            self.wrote().await;
        }
    }

    /// Has another name at every sign-in.
    async fn rename(self, number: u8) {
        let mut count = 0;
        while !self.is_stopped() {
            count += 1;
            let mut profile = profile("person-1");
            profile.name = Some(format!("Mallory {number}-{count}"));
            let id = UserId::from_bytes([200 + number; 16]);
            let renamed = self.store.upsert_identity(profile, id, self.now()).await;
            renamed.expect("renamed");
            self.wrote().await;
        }
    }
}

impl Opponents {
    fn begin(machines: &Machines, user: &User, sessions: &[Session]) -> Self {
        let mut all = Self {
            stop: Arc::default(),
            written: Vec::new(),
            clock: Arc::default(),
            loops: JoinSet::new(),
        };
        for (number, session) in sessions.iter().enumerate() {
            let opponent = all.opponent(&machines[number % 2]);
            all.loops.spawn(opponent.refresh(session.clone()));
        }
        for (number, machine) in (0..).zip(machines) {
            let opponent = all.opponent(machine);
            let come_and_go = opponent.come_and_go(user.clone(), 100 + number);
            all.loops.spawn(come_and_go);
            let opponent = all.opponent(machine);
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

    /// Waits until each of them has written so often again.
    async fn go_on(&self) {
        let counts = || self.written.iter().map(|it| it.load(Ordering::SeqCst));
        let before: Vec<_> = counts().collect();
        while counts()
            .zip(&before)
            .any(|(now, before)| now < before + RUN_UP)
        {
            tokio::task::yield_now().await;
        }
    }

    async fn end(mut self) {
        self.stop.store(true, Ordering::SeqCst);
        while let Some(done) = self.loops.join_next().await {
            done.expect("an opponent gets answers");
        }
    }
}

/// Carries out an act while its opponents write.
pub(super) async fn wins(machines: Machines, act: Act) {
    let user = user(&*machines[0], 1).await;
    let mut sessions = Vec::new();
    for number in 1..=REFRESHERS {
        sessions.push(session(&*machines[0], &user, number).await);
    }
    let opponents = Opponents::begin(&machines, &user, &sessions);
    opponents.go_on().await;
    let now = NOW.plus(Duration::from_millis(
        opponents.clock.load(Ordering::SeqCst) / 20,
    ));
    let (over, attempts) = carry_out(&machines[0], act, &user, &sessions, now).await;
    assert!(attempts <= MAX_ATTEMPTS, "{act:?} took {attempts} attempts");
    // They were writing all along, and still are.
    opponents.go_on().await;
    for session in over {
        let known = machines[1].session(session.id).await.expect("read");
        let status = known.expect("known").status;
        assert!(!status.is_live(), "{act:?}: {status:?}");
        let denials = machines[1].live_denials(now).await.expect("read");
        let refused = |it: &Denial| match it.denied {
            Denied::Session(id) => id == session.id,
            Denied::User(id) => id == user.id,
            Denied::Everyone => true,
            Denied::Token(_) => false,
        };
        assert!(denials.iter().any(refused), "{act:?}");
    }
    opponents.end().await;
}

/// Says which of the sessions must be over after it, and how many attempts it took.
async fn carry_out(
    store: &Arc<dyn Store>,
    act: Act,
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
        now,
    };
    let end_one = |reason| {
        let mut one = end(sessions[0].id);
        one.reason = reason;
        one.now = now;
        counted(store.end_session(one))
    };
    match act {
        Act::Ban => {
            let ban = store.ban_user(user.id, "spam".into(), now);
            let (banned, attempts) = counted(ban).await;
            assert!(banned.expect("banned").is_some());
            (all, attempts)
        }
        Act::EndAll => {
            let (ended, attempts) = counted(store.end_sessions_of(end_all(None))).await;
            assert!(ended.expect("ended").is_some());
            (all, attempts)
        }
        Act::EndAllButOne => {
            let keep = end_all(sessions.first());
            let (ended, attempts) = counted(store.end_sessions_of(keep)).await;
            assert!(ended.expect("ended").is_some());
            (all[1..].to_vec(), attempts)
        }
        Act::EndEveryone => {
            let (ended, attempts) = counted(store.end_everyone(now)).await;
            ended.expect("ended");
            (all, attempts)
        }
        Act::EndOne | Act::RevokeOne => {
            let reason = if act == Act::EndOne {
                EndReason::EndedRemotely
            } else {
                EndReason::Revoked
            };
            let (ended, attempts) = end_one(reason).await;
            assert!(ended.expect("ended").is_some());
            (all[..1].to_vec(), attempts)
        }
        Act::RevokeToken => {
            let denial = Denial {
                denied: Denied::Token(TokenId::from_bytes([1; 16])),
                reason: DenialReason::Revoked,
                at: now,
                until: now.plus(Duration::from_mins(1)),
                cutoff: None,
            };
            let event = AuditEvent {
                at: now,
                kind: AuditKind::Revoked,
                user: user.id,
                session: Some(sessions[0].id),
                device: device("192.0.2.4"),
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
