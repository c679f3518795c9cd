use core::time::Duration;

use latchkey_core::Timestamp;
use openidconnect::AccessToken;
use serde_json::{Value, json};

use super::{Expected, Millis, check_auth_time};
use crate::check::Check;
use crate::oidc::config::{Client, OidcConfig, google};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn checked(config: &OidcConfig, claims: &Value) -> Result<(), Check> {
    let client = Client::new(config).expect("a good configuration");
    let expected = Expected {
        client: &client,
        algorithms: &[],
        nonce: "",
        max_age: Some(Duration::from_mins(10)),
        access_token: &AccessToken::new(String::new()),
        now: NOW,
    };
    check_auth_time(claims.as_object().expect("an object"), &expected)
}

#[test]
fn only_googles_own_issuer_may_keep_the_time_to_itself() {
    let google = google("id", "secret");
    let elsewhere = OidcConfig {
        issuer: "https://login.example.com".to_owned(),
        ..google.clone()
    };
    let by_hand = OidcConfig::new("g", "https://accounts.google.com", "id");
    assert_eq!(checked(&google, &json!({})), Ok(()));
    assert_eq!(checked(&by_hand, &json!({})), Ok(()));
    assert_eq!(checked(&elsewhere, &json!({})), Err(Check::AuthTimeMissing));
    let old = json!({ "auth_time": NOW.as_secs() - 100_000 });
    assert_eq!(
        checked(&google, &old),
        Err(Check::AuthTime),
        "what it says counts"
    );
    let odd = json!({ "auth_time": "soon" });
    assert_eq!(checked(&google, &odd), Err(Check::AuthTimeMissing));
}

#[test]
fn dates_are_numbers_of_seconds() {
    let millis = |date: Value| Millis::of(&date).map(|Millis(millis)| millis);
    assert_eq!(millis(json!(1_800_000_000)), Some(1_800_000_000_000));
    assert_eq!(millis(json!(1_800_000_000.5)), Some(1_800_000_000_500));
    assert_eq!(millis(json!(-1)), Some(-1000));
    for odd in [
        json!("1800000000"),
        json!(null),
        json!(1e300),
        json!(u64::MAX),
        json!([1]),
    ] {
        assert_eq!(millis(odd.clone()), None, "{odd}");
    }
    assert_eq!(Millis::of(&json!(-0.5)).and_then(Millis::second), None);
    assert_eq!(
        Millis::of(&json!(7.9)).and_then(Millis::second),
        Some(Timestamp::from_secs(7))
    );
}
