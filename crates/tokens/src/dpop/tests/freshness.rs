//! How long a proof is valid.

use core::time::Duration;

use latchkey_core::Timestamp;
use serde_json::{Value, json};

use super::{NOW, WINDOW, fixture};
use crate::dpop::{ProofError, TOLERANCE, TOLERANCE_WITH_NONCE};

#[test]
fn security_59_proof_without_an_access_token_needs_a_nonce() {
    let (fixture, stranger) = (fixture(), fixture());
    for nonce in [
        Value::Null,
        json!("invented"),
        json!(stranger.proofs.nonce(NOW)),
    ] {
        let mut claims = fixture.claims();
        claims["nonce"] = nonce.clone();
        let [sign_in, with_token] = fixture.both(&claims, NOW);
        assert_eq!(sign_in, Err(ProofError::Nonce), "{nonce}");
        assert_eq!(with_token.is_ok(), nonce.is_null(), "{nonce}");
    }
    // A stale nonce is refused even where none is needed, so that the client gets a new one.
    let stale = fixture.both(&fixture.claims(), NOW.plus(2 * WINDOW));
    assert_eq!(stale, [Err(ProofError::Nonce); 2]);
}

#[test]
fn proof_with_a_nonce_is_valid_if_the_clock_is_off_by_less_than_a_day() {
    let fixture = fixture();
    let second = Duration::from_secs(1);
    for (off, valid) in [
        (TOLERANCE_WITH_NONCE.checked_sub(second), true),
        (Some(TOLERANCE_WITH_NONCE + second), false),
    ] {
        let off = off.expect("hours");
        for iat in [NOW.minus(off), NOW.plus(off)] {
            let mut claims = fixture.claims();
            claims["iat"] = json!(iat.as_secs());
            let results = fixture.both(&claims, NOW);
            assert!(
                results.iter().all(|result| result.is_ok() == valid),
                "{iat}"
            );
        }
    }
}

#[test]
fn security_56_proof_without_a_nonce_is_valid_for_a_minute() {
    let fixture = fixture();
    let mut claims = fixture.claims();
    claims.as_object_mut().expect("claims").remove("nonce");
    let end = NOW.plus(TOLERANCE);
    let millisecond = Duration::from_millis(1);
    for now in [NOW.minus(TOLERANCE), NOW, end.minus(millisecond)] {
        let with_token = fixture.both(&claims, now)[1].expect("a valid proof");
        assert_eq!(with_token.usable_until, end, "at {now}");
    }
    for now in [
        NOW.minus(TOLERANCE).minus(millisecond),
        end,
        Timestamp::default(),
    ] {
        let with_token = fixture.both(&claims, now)[1];
        assert!(
            matches!(with_token, Err(ProofError::Invalid(_))),
            "at {now}"
        );
    }
}
