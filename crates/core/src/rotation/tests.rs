use core::time::Duration;

use proptest::prelude::*;

use super::{Decision, Limits, Presented, REUSE_LEEWAY, Refusal, decide};
use crate::clock::Timestamp;
use crate::end_reason::EndReason;
use crate::id::{SessionId, UserId};
use crate::session::{KeyHash, Lifetimes, Session, Thumbprint};

const LIMITS: Limits = Limits {
    access: Duration::from_mins(10),
    idle: Duration::from_hours(24),
};
const START: Timestamp = Timestamp::from_secs(1_800_000_000);

fn session(binding: Option<Thumbprint>) -> Session {
    let lifetimes = Lifetimes {
        access: LIMITS.access,
        absolute: Duration::from_hours(72),
        idle: LIMITS.idle,
    };
    let ids = (SessionId::from_bytes([1; 16]), UserId::from_bytes([2; 16]));
    Session::open(ids.0, ids.1, binding, START, lifetimes)
}

fn present(generation: u64, key: Option<u8>) -> Presented {
    let key = key.map(|byte| KeyHash([byte; 16]));
    Presented {
        generation,
        key,
        proof: None,
        user_banned: false,
    }
}

fn rotated(session: &Session, presented: &Presented, now: Timestamp) -> Session {
    match decide(session, presented, now, LIMITS) {
        Decision::Rotated(next) => next,
        other => panic!("not rotated: {other:?}"),
    }
}

fn after(duration: Duration) -> Timestamp {
    START.plus(duration)
}

#[test]
fn current_token_rotates() {
    let now = after(Duration::from_mins(5));
    let next = rotated(&session(None), &present(0, Some(1)), now);
    assert_eq!(next.generation, 1);
    assert_eq!(next.rotated_at, now);
    assert_eq!(next.idle_end, now.plus(LIMITS.idle));
    assert_eq!(next.access_until, now.plus(LIMITS.access));
}

#[test]
fn security_45_rotation_never_extends_the_absolute_end() {
    let mut current = session(None);
    let end = current.absolute_end;
    for hour in 1..72 {
        let now = after(Duration::from_hours(hour));
        current = rotated(&current, &present(hour - 1, None), now);
        assert_eq!(current.absolute_end, end);
        assert!(current.idle_end <= end && current.access_until <= end);
    }
    let last = present(71, None);
    assert_eq!(
        decide(&current, &last, end, LIMITS),
        Decision::Refused(Refusal::Expired)
    );
}

#[test]
fn retry_with_the_same_key_gets_the_same_successor_at_any_time() {
    let next = rotated(&session(None), &present(0, Some(1)), START);
    for wait in [Duration::ZERO, REUSE_LEEWAY, Duration::from_hours(23)] {
        match decide(&next, &present(0, Some(1)), START.plus(wait), LIMITS) {
            Decision::Repeated(again) => assert_eq!(again.generation, 1),
            other => panic!("after {wait:?}: {other:?}"),
        }
    }
}

#[test]
fn previous_token_within_the_leeway_is_superseded() {
    let next = rotated(&session(None), &present(0, Some(1)), START);
    for key in [None, Some(2)] {
        let just_in_time = START.plus(REUSE_LEEWAY).minus(Duration::from_millis(1));
        assert_eq!(
            decide(&next, &present(0, key), just_in_time, LIMITS),
            Decision::Superseded
        );
    }
}

#[test]
fn security_47_reuse_after_the_leeway_ends_the_session() {
    let next = rotated(&session(None), &present(0, Some(1)), START);
    for key in [None, Some(2)] {
        let now = START.plus(REUSE_LEEWAY);
        match decide(&next, &present(0, key), now, LIMITS) {
            Decision::Replayed(ended) => {
                let refused = decide(&ended, &present(1, None), now, LIMITS);
                assert_eq!(
                    refused,
                    Decision::Refused(Refusal::Ended(EndReason::Replayed))
                );
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn security_50_token_before_the_previous_one_is_a_replay_even_within_a_second() {
    let once = rotated(&session(None), &present(0, None), START);
    let twice = rotated(
        &once,
        &present(1, None),
        START.plus(Duration::from_millis(500)),
    );
    let decision = decide(
        &twice,
        &present(0, None),
        START.plus(Duration::from_millis(900)),
        LIMITS,
    );
    assert!(matches!(decision, Decision::Replayed(_)), "{decision:?}");
}

#[test]
fn late_duplicate_is_superseded_while_its_key_is_remembered_and_a_replay_afterwards() {
    let mut current = session(None);
    for generation in 0..5_u8 {
        current = rotated(
            &current,
            &present(u64::from(generation), Some(generation)),
            START,
        );
    }
    for generation in 1..4 {
        let duplicate = present(generation, u8::try_from(generation).ok());
        assert_eq!(
            decide(&current, &duplicate, START, LIMITS),
            Decision::Superseded
        );
    }
    let forgotten = decide(&current, &present(0, Some(0)), START, LIMITS);
    assert!(matches!(forgotten, Decision::Replayed(_)), "{forgotten:?}");
    let wrong_key = decide(&current, &present(2, Some(3)), START, LIMITS);
    assert!(matches!(wrong_key, Decision::Replayed(_)), "{wrong_key:?}");
}

#[test]
fn session_restored_from_a_backup_adopts_the_newer_generation() {
    let next = rotated(&session(None), &present(7, Some(1)), START);
    assert_eq!(next.generation, 8);
    assert!(matches!(
        decide(&next, &present(7, Some(1)), START, LIMITS),
        Decision::Repeated(_)
    ));
}

#[test]
fn restored_record_forgets_its_idempotency_keys() {
    let before = rotated(&session(None), &present(0, Some(1)), START);
    let next = rotated(&before, &present(7, Some(2)), START);
    // Key 1 belongs to generation 0. If it were retained, it would count as the key
    // of generation 6.
    let decision = decide(&next, &present(6, Some(1)), START, LIMITS);
    assert!(matches!(decision, Decision::Replayed(_)), "{decision:?}");
}

#[test]
fn bound_session_needs_a_proof_signed_with_its_key_and_survives_a_missing_proof() {
    let bound = session(Some(Thumbprint([1; 32])));
    for proof in [None, Some(Thumbprint([2; 32]))] {
        for generation in [0, 1] {
            let presented = Presented {
                proof,
                ..present(generation, None)
            };
            assert_eq!(
                decide(&bound, &presented, START, LIMITS),
                Decision::ProofMissing
            );
        }
    }
    let presented = Presented {
        proof: bound.binding,
        ..present(0, None)
    };
    assert_eq!(rotated(&bound, &presented, START).generation, 1);
}

#[test]
fn refresh_of_an_ended_session_is_refused_with_the_reason() {
    let live = session(None);
    let ended = live.ended(START, EndReason::SignedOut);
    let refused = |session: &Session, presented: &Presented, now| match decide(
        session, presented, now, LIMITS,
    ) {
        Decision::Refused(refusal) => refusal,
        other => panic!("not refused: {other:?}"),
    };
    assert_eq!(
        refused(&ended, &present(0, None), START),
        Refusal::Ended(EndReason::SignedOut)
    );
    let banned = Presented {
        user_banned: true,
        ..present(0, None)
    };
    assert_eq!(refused(&live, &banned, START), Refusal::Banned);
    assert_eq!(
        refused(&live, &present(0, None), live.idle_end),
        Refusal::Idle
    );
    assert_eq!(
        refused(&live, &present(0, None), live.absolute_end),
        Refusal::Expired
    );
}

#[test]
fn denial_of_an_ended_session_outlives_its_last_access_token() {
    // An access token that was issued while a longer lifetime was configured.
    let long = Limits {
        access: Duration::from_hours(5),
        ..LIMITS
    };
    let Decision::Rotated(next) = decide(&session(None), &present(0, None), START, long) else {
        panic!("not rotated");
    };
    let short = Limits {
        access: Duration::from_secs(5),
        ..LIMITS
    };
    let later = START.plus(Duration::from_mins(1));
    let Decision::Rotated(next) = decide(&next, &present(1, None), later, short) else {
        panic!("not rotated");
    };
    let denial = next.denial(later, EndReason::SignedOut.into());
    assert!(denial.until > START.plus(long.access));
}

proptest! {
    /// No sequence of presented tokens moves the absolute end, decreases the generation, or reopens
    /// an ended session.
    #[test]
    fn decisions_keep_the_invariants(
        steps in proptest::collection::vec((0..6_u64, proptest::option::of(0..3_u8), 0..20_000_u64), 1..40),
    ) {
        let mut current = session(None);
        let mut now = START;
        for (back, key, wait) in steps {
            now = now.plus(Duration::from_millis(wait));
            let presented = present(current.generation.saturating_sub(back), key);
            let before = current.clone();
            match decide(&before, &presented, now, LIMITS) {
                Decision::Rotated(next) => {
                    prop_assert_eq!(presented.generation, before.generation);
                    prop_assert_eq!(next.generation, before.generation + 1);
                    current = next;
                }
                Decision::Repeated(next) => {
                    prop_assert_eq!(presented.generation + 1, before.generation);
                    prop_assert_eq!(next.generation, before.generation);
                    current = next;
                }
                Decision::Replayed(next) => {
                    prop_assert!(presented.generation < before.generation);
                    prop_assert!(!next.status.is_live());
                    current = next;
                }
                Decision::Refused(_) => prop_assert!(!before.status.is_live()),
                Decision::Superseded => prop_assert!(presented.generation < before.generation),
                Decision::ProofMissing => prop_assert!(false, "the session is not bound"),
            }
            prop_assert_eq!(current.absolute_end, before.absolute_end);
            prop_assert!(before.status.is_live() || !current.status.is_live());
            prop_assert!(current.access_until >= before.access_until);
        }
    }
}
