//! Arbitrary input is refused without a panic.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use latchkey_core::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::{API_REQUEST, SIGN_IN, fixture, sign};

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused(bytes: Vec<u8>, header: Vec<u8>, claims: Vec<u8>, now: u64) {
        let fixture = fixture();
        let now = Timestamp::from_millis(now);
        for text in [
            String::from_utf8_lossy(&bytes).into_owned(),
            format!("{}.{}.{}", B64.encode(&header), B64.encode(&claims), B64.encode(&bytes)),
            // Arbitrary claims with a valid signature.
            sign(&fixture.pair, &fixture.header().to_string(), &String::from_utf8_lossy(&claims)),
        ] {
            for request in [SIGN_IN, API_REQUEST] {
                prop_assert!(fixture.proofs.verify(&text, &request, now).is_err());
            }
        }
    }

    #[test]
    fn arbitrary_claims_are_refused(
        jti in ".{0,200}", htu in ".{0,60}", iat: u64, nonce in ".{0,60}", now: u64
    ) {
        let fixture = fixture();
        let now = Timestamp::from_millis(now);
        let claims = json!({ "jti": jti, "htm": "POST", "htu": htu, "iat": iat, "nonce": nonce });
        for result in fixture.both(&claims, now) {
            prop_assert!(result.is_err());
        }
    }
}
