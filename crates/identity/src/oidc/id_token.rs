//! The ID token and all it must withstand (Core §3.1.3.7). Only the claims that a check is about
//! must have the right type; any other claim may be whatever the provider likes.

use core::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use latchkey_core::Timestamp;
use openidconnect::AccessToken;
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};
use serde_json::Value;

use super::config::Client;
use super::jwks::KeySet;
use super::jwt::{Jwt, Object, Rejection};
use crate::check::Check;

/// How far the provider's clock and ours may differ.
const LEEWAY: Duration = Duration::from_mins(1);
/// How long ago an ID token may have been issued: it comes straight from the token endpoint.
const MAX_AGE: Duration = Duration::from_mins(10);
/// The year 9999 in seconds: whatever says a later time means something else.
const END_OF_TIME: f64 = 253_402_300_799.0;
/// The longest subject identifier, in bytes (Core §2).
const MAX_SUBJECT: usize = 255;
/// What every ID token here must hold.
const REQUIRED: [&str; 6] = ["iss", "sub", "aud", "exp", "iat", "nonce"];

/// What an ID token is held against.
pub(super) struct Expected<'a> {
    pub(super) client: &'a Client,
    pub(super) algorithms: &'a [CoreJwsSigningAlgorithm],
    pub(super) nonce: &'a str,
    pub(super) max_age: Option<Duration>,
    pub(super) access_token: &'a AccessToken,
    pub(super) now: Timestamp,
}

/// An ID token that could be read, and nothing more.
pub(super) struct IdToken {
    jwt: Jwt,
    issuer: String,
    subject: String,
    audiences: Vec<String>,
    expires: Millis,
    issued: Millis,
    nonce: Option<String>,
}

/// Claims of a verified ID token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verified<'a> {
    pub(super) issuer: &'a str,
    pub(super) subject: &'a str,
    /// All of them, for those that are not checked here.
    pub(super) claims: &'a Object,
}

impl IdToken {
    /// Reads an ID token and says which claim is missing, if one is.
    pub(super) fn parse(text: &str) -> Result<Self, Check> {
        let jwt = Jwt::parse(text)?;
        let claims = &jwt.claims;
        if let Some(name) = REQUIRED
            .into_iter()
            .find(|name| !claims.contains_key(*name))
        {
            return Err(Check::MissingClaim(name));
        }
        let text = |name| claims[name].as_str().map(str::to_owned);
        let nonce = match &claims["nonce"] {
            Value::Null => None,
            nonce => Some(nonce.as_str().ok_or(Check::Malformed)?.to_owned()),
        };
        Ok(Self {
            issuer: text("iss").ok_or(Check::Malformed)?,
            subject: text("sub").ok_or(Check::Malformed)?,
            audiences: audiences(&claims["aud"]).ok_or(Check::Malformed)?,
            expires: Millis::of(&claims["exp"]).ok_or(Check::Malformed)?,
            issued: Millis::of(&claims["iat"]).ok_or(Check::Malformed)?,
            nonce,
            jwt,
        })
    }

    /// The claims, if everything about the token is as it must be.
    pub(super) fn verify(
        &self,
        keys: &KeySet,
        expected: &Expected<'_>,
    ) -> Result<Verified<'_>, Rejection> {
        let client = expected.client;
        if self.issuer != client.issuer.as_str() {
            return Err(Check::Issuer.into());
        }
        if !self.audiences.iter().any(|aud| *aud == *client.id) {
            return Err(Check::Audience.into());
        }
        let key = self.jwt.verify(keys, expected.algorithms)?;
        if self.expires <= Millis::from(expected.now.minus(LEEWAY)) {
            return Err(Check::Expired.into());
        }
        let nonce = self.nonce.as_deref().unwrap_or_default();
        if verify_slices_are_equal(nonce.as_bytes(), expected.nonce.as_bytes()).is_err() {
            return Err(Check::Nonce.into());
        }
        self.check_party(client)?;
        self.check_issue_time(expected.now)?;
        check_auth_time(&self.jwt.claims, expected)?;
        if !(1..=MAX_SUBJECT).contains(&self.subject.len()) {
            return Err(Check::Subject.into());
        }
        self.check_access_token(key, expected.access_token)?;
        Ok(Verified {
            issuer: &self.issuer,
            subject: &self.subject,
            claims: &self.jwt.claims,
        })
    }

    /// Core §3.1.3.7, 4 and 5: whoever shares the token with others must have asked for it.
    fn check_party(&self, client: &Client) -> Result<(), Check> {
        match self.jwt.claims.get("azp") {
            None | Some(Value::Null) if self.audiences.len() == 1 => Ok(()),
            Some(Value::String(party)) if *party == *client.id => Ok(()),
            _ => Err(Check::AuthorizedParty),
        }
    }

    fn check_issue_time(&self, now: Timestamp) -> Result<(), Check> {
        let issued = self.issued.second().ok_or(Check::IssuedAt)?;
        let oldest = now.minus(MAX_AGE).minus(LEEWAY).floor_to_second();
        if issued < oldest || issued > now.plus(LEEWAY) {
            Err(Check::IssuedAt)
        } else {
            Ok(())
        }
    }

    /// If the ID token says which access token it came with, it must be this one (Core §3.1.3.8).
    fn check_access_token(
        &self,
        key: &CoreJsonWebKey,
        access_token: &AccessToken,
    ) -> Result<(), Check> {
        match self.jwt.claims.get("at_hash") {
            None | Some(Value::Null) => Ok(()),
            Some(said) => {
                let hash = self.jwt.half_hash(key, access_token.secret());
                if hash.is_some() && hash.as_deref() == said.as_str() {
                    Ok(())
                } else {
                    Err(Check::AccessTokenHash)
                }
            }
        }
    }
}

/// One audience, or a list of them; nothing if it is neither.
pub(super) fn audiences(aud: &Value) -> Option<Vec<String>> {
    match aud {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(several) => several
            .iter()
            .map(|aud| aud.as_str().map(str::to_owned))
            .collect(),
        _ => None,
    }
}

/// When the person proved who they are, in whole seconds. What is not a time is not a statement
/// about it.
pub(super) fn auth_time(claims: &Object) -> Option<Timestamp> {
    Millis::of(claims.get("auth_time")?)?.second()
}

/// Core §3.1.3.7, 13. Google is asked and never says: its word is that of any sign-in, which is as
/// much as it has.
fn check_auth_time(claims: &Object, expected: &Expected<'_>) -> Result<(), Check> {
    let Some(max_age) = expected.max_age else {
        return Ok(());
    };
    match auth_time(claims) {
        None if expected.client.is_google()
            && claims.get("auth_time").is_none_or(Value::is_null) =>
        {
            Ok(())
        }
        None => Err(Check::AuthTimeMissing),
        Some(at)
            if at <= expected.now.plus(LEEWAY)
                && expected.now.minus(LEEWAY).since(at) <= max_age =>
        {
            Ok(())
        }
        Some(_) => Err(Check::AuthTime),
    }
}

/// A `NumericDate` (RFC 7519 §2) in milliseconds; some providers write fractions of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Millis(i64);

impl Millis {
    fn of(date: &Value) -> Option<Self> {
        let secs = date.as_f64()?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the range was checked, and what is finer than a millisecond is cut off"
        )]
        (secs.abs() <= END_OF_TIME).then(|| Self((secs * 1000.0).floor() as i64))
    }

    /// The second it is in, from 1970 on.
    fn second(self) -> Option<Timestamp> {
        let secs = u64::try_from(self.0.div_euclid(1000)).ok()?;
        Some(Timestamp::from_secs(secs))
    }
}

impl From<Timestamp> for Millis {
    fn from(timestamp: Timestamp) -> Self {
        Self(i64::try_from(timestamp.as_millis()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
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
}
