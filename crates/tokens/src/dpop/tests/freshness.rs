//! For how long a proof is good.

use core::time::Duration;

use latchkey_core::Timestamp;
use serde_json::{Value, json};

use super::{NOW, WINDOW, world};
use crate::dpop::{ProofError, TOLERANCE, TOLERANCE_WITH_NONCE};

#[test]
fn security_59_a_nonce_is_needed_where_no_access_token_comes_along() {
    let (world, stranger) = (world(), world());
    for nonce in [
        Value::Null,
        json!("invented"),
        json!(stranger.proofs.nonce(NOW)),
    ] {
        let mut claims = world.claims();
        claims["nonce"] = nonce.clone();
        let [sign_in, call] = world.both(&claims, NOW);
        assert_eq!(sign_in, Err(ProofError::Nonce), "{nonce}");
        assert_eq!(call.is_ok(), nonce.is_null(), "{nonce}");
    }
    // A stale one, also where none is needed: the client is told the new one.
    let stale = world.both(&world.claims(), NOW.plus(2 * WINDOW));
    assert_eq!(stale, [Err(ProofError::Nonce); 2]);
}

#[test]
fn a_nonce_lets_in_whose_clock_is_wrong_by_less_than_a_day() {
    let world = world();
    let second = Duration::from_secs(1);
    for (off, good) in [
        (TOLERANCE_WITH_NONCE.checked_sub(second), true),
        (Some(TOLERANCE_WITH_NONCE + second), false),
    ] {
        let off = off.expect("hours");
        for iat in [NOW.minus(off), NOW.plus(off)] {
            let mut claims = world.claims();
            claims["iat"] = json!(iat.as_secs());
            let answers = world.both(&claims, NOW);
            assert!(answers.iter().all(|answer| answer.is_ok() == good), "{iat}");
        }
    }
}

#[test]
fn security_56_without_a_nonce_a_proof_is_good_for_a_minute() {
    let world = world();
    let mut claims = world.claims();
    claims.as_object_mut().expect("claims").remove("nonce");
    let end = NOW.plus(TOLERANCE);
    let moment = Duration::from_millis(1);
    for now in [NOW.minus(TOLERANCE), NOW, end.minus(moment)] {
        let call = world.both(&claims, now)[1].expect("a good proof");
        assert_eq!(call.usable_until, end, "at {now}");
    }
    for now in [
        NOW.minus(TOLERANCE).minus(moment),
        end,
        Timestamp::default(),
    ] {
        let call = world.both(&claims, now)[1];
        assert!(matches!(call, Err(ProofError::Invalid(_))), "at {now}");
    }
}
