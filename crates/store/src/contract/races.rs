//! Concurrent operations of two servers behave as if they ran one after the other.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::Arc;

use latchkey_core::rotation::Decision;
use latchkey_core::{
    Denied, EndReason, Requester, SealedSigningKey, Session, SessionId, SigningAlgorithm, Timestamp,
};
use tokio::task::JoinSet;

use super::fixtures::{
    NOW, StorePair, device, end, generation, new_session, refresh, rotate, session, user,
};
use super::flows;
use crate::request::{EndSessions, OpenOutcome};
use crate::store::Store;

/// SECURITY 49: of 100 identical refreshes, half of them at each server, exactly one rotates.
pub(super) async fn refreshes(stores: StorePair) {
    let user = user(&*stores[0], 1).await;
    let session = session(&*stores[0], &user, 1).await;
    let decisions = concurrently(&stores, 100, move |store, _| {
        let request = refresh(&session, 0, Some(1));
        async move { rotate(&*store, request).await.decision }
    });
    let decisions = decisions.await;
    for decision in &decisions {
        assert_eq!(generation(decision), Some(1), "{decision:?}");
    }
    let rotations = decisions
        .iter()
        .filter(|it| matches!(it, Decision::Rotated(_)));
    assert_eq!(
        rotations.count(),
        1,
        "not exactly one of 100 identical refreshes rotated"
    );
}

/// SECURITY 51: a session that is ended while it is refreshed stays ended, whether the end or the
/// refresh comes first, and its denial expires later than every access token that was issued.
pub(super) async fn ends_against_refreshes(stores: StorePair) {
    let user = user(&*stores[0], 1).await;
    for round in 1..=20 {
        let session = session(&*stores[0], &user, round).await;
        let ended = session.id;
        let decisions = concurrently(&stores, 6, move |store, number| {
            let request = refresh(&session, 0, Some(1));
            async move {
                if number == 3 {
                    let ended = store.end_session(end(session.id)).await;
                    assert!(ended.expect("ended").is_some());
                    return None;
                }
                Some(rotate(&*store, request).await.decision)
            }
        });
        let decisions = decisions.await;
        let denials = stores[1].live_denials(NOW).await.expect("read");
        let denial = denials
            .iter()
            .find(|it| it.denied == Denied::Session(ended));
        let until = denial.expect("a denial").until;
        for decision in decisions.iter().flatten() {
            match decision {
                Decision::Rotated(next) | Decision::Repeated(next) => {
                    assert!(
                        next.access_until < until,
                        "an access token outlives its denial"
                    );
                }
                Decision::Refused(_) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_ended(&*stores[0], ended).await;
    }
}

/// Continuous refreshes delay neither a ban nor the end of all sessions of a user, and no refresh
/// succeeds afterwards.
pub(super) async fn end_of_all_sessions_against_refreshes(stores: StorePair, by_ban: bool) {
    const SESSIONS: u8 = 30;
    const LOOPS: u8 = 6;
    let user = user(&*stores[0], 1).await;
    let mut sessions = Vec::new();
    for number in 1..=SESSIONS {
        sessions.push(session(&*stores[0], &user, number).await);
    }
    let over = Arc::new(AtomicBool::new(false));
    let rotations = Arc::new(AtomicUsize::new(0));
    let mut loops = JoinSet::new();
    for number in 0..LOOPS {
        let store = Arc::clone(&stores[usize::from(number % 2)]);
        let mine = sessions.iter().skip(usize::from(number));
        let mut mine: Vec<_> = mine.step_by(usize::from(LOOPS)).cloned().collect();
        let (over, rotations) = (Arc::clone(&over), Arc::clone(&rotations));
        loops.spawn(async move {
            loop {
                for session in &mut mine {
                    // Read before the refresh is sent.
                    let was_over = over.load(Ordering::SeqCst);
                    let next = rotate(&*store, refresh(session, session.generation, None)).await;
                    match next.decision {
                        Decision::Rotated(next) => {
                            assert!(!was_over, "a refresh succeeded after the sessions ended");
                            rotations.fetch_add(1, Ordering::SeqCst);
                            *session = next;
                        }
                        Decision::Refused(_) if was_over => return,
                        Decision::Refused(_) => {}
                        other => panic!("{other:?}"),
                    }
                    tokio::task::yield_now().await;
                }
            }
        });
    }
    // Wait until there have been, on average, two refreshes per session.
    while rotations.load(Ordering::SeqCst) < usize::from(2 * SESSIONS) {
        tokio::task::yield_now().await;
    }
    let store = Arc::clone(&stores[0]);
    let ending = async move {
        if by_ban {
            let banned = store
                .ban_user(user.id, "spam".into(), None, Requester::default(), NOW)
                .await;
            banned.expect("banned").expect("known")
        } else {
            let end = EndSessions {
                user: user.id,
                keep: None,
                reason: EndReason::EndedAll,
                device: device("192.0.2.1"),
                actor: None,
                note: None,
                now: NOW,
            };
            let ended = store.end_sessions_of(end).await;
            ended.expect("ended").expect("known")
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(10), ending).await;
    over.store(true, Ordering::SeqCst);
    let ended = ended.expect("refreshes delayed the end of the sessions");
    assert_eq!(ended.live, usize::from(SESSIONS));
    let loops = async {
        while let Some(done) = loops.join_next().await {
            done.expect("a refresh loop panicked");
        }
    };
    let done = tokio::time::timeout(Duration::from_mins(1), loops).await;
    done.expect("a refresh loop did not stop after the sessions ended");
    for session in sessions {
        assert_ended(&*stores[1], session.id).await;
    }
}

/// A ban during sign-ins ends the sessions opened before it, and none is opened after it.
pub(super) async fn bans_against_sign_ins(stores: StorePair) {
    for round in 1..=10 {
        let user = user(&*stores[0], round).await;
        let id = user.id;
        let opened = concurrently(&stores, 6, move |store, number| {
            let user = user.clone();
            async move {
                if number == 3 {
                    let ban = store
                        .ban_user(user.id, "spam".into(), None, Requester::default(), NOW)
                        .await;
                    assert!(ban.expect("banned").is_some());
                    return None;
                }
                let number = u8::try_from(number).expect("a few");
                let new = new_session(&user, round * 8 + number, None);
                match store.open_session(new).await.expect("a result") {
                    OpenOutcome::Opened(started) => Some(started.session),
                    _ => None,
                }
            }
        });
        for session in opened.await.into_iter().flatten() {
            assert_ended(&*stores[1], session.id).await;
        }
        let live = stores[0].live_sessions(id, NOW).await.expect("read");
        assert!(live.is_empty(), "a session of a banned user: {live:?}");
    }
}

/// SECURITY 4: of many concurrent requests, exactly one finishes a login flow.
pub(super) async fn flows(stores: StorePair) {
    let finished = concurrently(&stores, 20, |store, _| async move {
        let finished = store.finish_login_flow(flows::id(1), flows::END).await;
        finished.expect("a result")
    });
    let finished = finished.await;
    assert_eq!(finished.iter().filter(|finished| **finished).count(), 1);
    for store in stores {
        assert_eq!(store.is_login_flow_finished(flows::id(1)).await, Ok(true));
    }
}

/// Of several concurrent rotations of the signing key, one succeeds.
pub(super) async fn signing_keys(stores: StorePair) {
    for after in [None, Some(0)] {
        let known = stores[0].signing_keys().await.expect("read");
        let before = after.map(|_: i32| known[0].kid.clone());
        let added = concurrently(&stores, 10, move |store, number| {
            let after = before.clone();
            let at = NOW.plus(Duration::from_secs(known.len() as u64));
            async move {
                let kid = format!("{at}-{number}");
                let key = signing_key(kid, at);
                store
                    .add_signing_key(key, after, at)
                    .await
                    .expect("a result")
            }
        });
        let added = added.await;
        assert_eq!(added.iter().filter(|added| **added).count(), 1);
    }
    assert_eq!(stores[1].signing_keys().await.expect("read").len(), 2);
}

fn signing_key(kid: String, at: Timestamp) -> SealedSigningKey {
    SealedSigningKey {
        kid,
        algorithm: SigningAlgorithm::ES256,
        sealed: "c2VhbGVk".into(),
        created_at: at,
        signs_from: at,
        verifies_until: None,
    }
}

async fn assert_ended(store: &dyn Store, id: SessionId) {
    let known: Option<Session> = store.session(id).await.expect("read");
    let known = known.expect("a session");
    assert!(!known.status.is_live(), "{id} is live");
    let after = rotate(store, refresh(&known, known.generation, None)).await;
    assert!(matches!(after.decision, Decision::Refused(_)), "{after:?}");
}

/// Runs `count` tasks concurrently, alternating between the two stores, and returns their results.
async fn concurrently<T, F>(
    stores: &StorePair,
    count: usize,
    task: impl Fn(Arc<dyn Store>, usize) -> F,
) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for number in 0..count {
        tasks.spawn(task(Arc::clone(&stores[number % 2]), number));
    }
    tasks.join_all().await
}
