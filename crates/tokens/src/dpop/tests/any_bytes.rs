//! Whatever is sent, nothing panics.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use latchkey_core::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::{CALL, SIGN_IN, sign, world};

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, header: Vec<u8>, claims: Vec<u8>, now: u64) {
        let world = world();
        let now = Timestamp::from_millis(now);
        for text in [
            String::from_utf8_lossy(&bytes).into_owned(),
            format!("{}.{}.{}", B64.encode(&header), B64.encode(&claims), B64.encode(&bytes)),
            // Well signed, whatever it says.
            sign(&world.pair, &world.header().to_string(), &String::from_utf8_lossy(&claims)),
        ] {
            for request in [SIGN_IN, CALL] {
                prop_assert!(world.proofs.verify(&text, &request, now).is_err());
            }
        }
    }

    #[test]
    fn no_claims_of_the_right_form_panic(
        jti in ".{0,200}", htu in ".{0,60}", iat: u64, nonce in ".{0,60}", now: u64
    ) {
        let world = world();
        let now = Timestamp::from_millis(now);
        let claims = json!({ "jti": jti, "htm": "POST", "htu": htu, "iat": iat, "nonce": nonce });
        for answer in world.both(&claims, now) {
            prop_assert!(answer.is_err());
        }
    }
}
