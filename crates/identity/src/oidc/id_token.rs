//! Verifies the ID token (OpenID Connect Core §3.1.3.7). Claims that are not checked may have any
//! type.

use core::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use latchkey_core::Timestamp;
use openidconnect::AccessToken;
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};
use serde_json::Value;

use super::config::Client;
use super::jwks::KeySet;
use super::jwt::{Jwt, Rejection};
use crate::config::StepUp;
use crate::json::Object;
use crate::validation_error::ValidationError;

/// How far the clocks of the provider and this server may differ.
const LEEWAY: Duration = Duration::from_mins(1);
/// The maximum age of an ID token. The token endpoint issues it during the exchange, so it is new.
const MAX_AGE: Duration = Duration::from_mins(10);
/// The end of the year 9999 in seconds. A greater number is not a time in seconds.
const MAX_SECONDS: f64 = 253_402_300_799.0;
/// The longest subject identifier, in bytes (Core §2).
const MAX_SUBJECT: usize = 255;
/// The claims that every ID token must have.
const REQUIRED: [&str; 6] = ["iss", "sub", "aud", "exp", "iat", "nonce"];

/// The values that an ID token is checked against.
pub(super) struct Expected<'a> {
    pub(super) client: &'a Client,
    pub(super) algorithms: &'a [CoreJwsSigningAlgorithm],
    pub(super) nonce: &'a str,
    pub(super) max_age: Option<Duration>,
    pub(super) access_token: &'a AccessToken,
    pub(super) now: Timestamp,
}

/// A parsed ID token that has not been verified.
pub(super) struct IdToken {
    jwt: Jwt,
    issuer: String,
    subject: String,
    audiences: Vec<String>,
    expires: Millis,
    issued: Millis,
    nonce: Option<String>,
}

/// The claims of a verified ID token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verified<'a> {
    pub(super) issuer: &'a str,
    pub(super) subject: &'a str,
    /// All claims, including those that are not checked here.
    pub(super) claims: &'a Object,
}

impl IdToken {
    /// Parses an ID token. If a claim is missing, the error names it.
    pub(super) fn parse(text: &str) -> Result<Self, ValidationError> {
        let jwt = Jwt::parse(text)?;
        let claims = &jwt.claims;
        if let Some(name) = REQUIRED
            .into_iter()
            .find(|name| !claims.contains_key(*name))
        {
            return Err(ValidationError::MissingClaim(name));
        }
        let text = |name| claims[name].as_str().map(str::to_owned);
        let nonce = match &claims["nonce"] {
            Value::Null => None,
            nonce => Some(nonce.as_str().ok_or(ValidationError::Malformed)?.to_owned()),
        };
        Ok(Self {
            issuer: text("iss").ok_or(ValidationError::Malformed)?,
            subject: text("sub").ok_or(ValidationError::Malformed)?,
            audiences: audiences(&claims["aud"]).ok_or(ValidationError::Malformed)?,
            expires: Millis::of(&claims["exp"]).ok_or(ValidationError::Malformed)?,
            issued: Millis::of(&claims["iat"]).ok_or(ValidationError::Malformed)?,
            nonce,
            jwt,
        })
    }

    /// Verifies the token and returns its claims.
    pub(super) fn verify(
        &self,
        keys: &KeySet,
        expected: &Expected<'_>,
    ) -> Result<Verified<'_>, Rejection> {
        let client = expected.client;
        if self.issuer != client.issuer.as_str() {
            return Err(ValidationError::Issuer.into());
        }
        if !self.audiences.iter().any(|aud| *aud == *client.id) {
            return Err(ValidationError::Audience.into());
        }
        let key = self.jwt.verify(keys, expected.algorithms)?;
        if self.expires <= Millis::from(expected.now.minus(LEEWAY)) {
            return Err(ValidationError::Expired.into());
        }
        let nonce = self.nonce.as_deref().unwrap_or_default();
        if verify_slices_are_equal(nonce.as_bytes(), expected.nonce.as_bytes()).is_err() {
            return Err(ValidationError::Nonce.into());
        }
        self.check_party(client)?;
        self.check_issue_time(expected.now)?;
        check_auth_time(&self.jwt.claims, expected)?;
        if !(1..=MAX_SUBJECT).contains(&self.subject.len()) {
            return Err(ValidationError::Subject.into());
        }
        self.check_access_token(key, expected.access_token)?;
        Ok(Verified {
            issuer: &self.issuer,
            subject: &self.subject,
            claims: &self.jwt.claims,
        })
    }

    /// Core §3.1.3.7, 4 and 5: `azp` must name this client. It may be missing if there is only one
    /// audience.
    fn check_party(&self, client: &Client) -> Result<(), ValidationError> {
        match self.jwt.claims.get("azp") {
            None | Some(Value::Null) if self.audiences.len() == 1 => Ok(()),
            Some(Value::String(party)) if *party == *client.id => Ok(()),
            _ => Err(ValidationError::AuthorizedParty),
        }
    }

    fn check_issue_time(&self, now: Timestamp) -> Result<(), ValidationError> {
        let issued = self
            .issued
            .to_timestamp()
            .ok_or(ValidationError::IssuedAt)?;
        let oldest = now.minus(MAX_AGE).minus(LEEWAY).floor_to_second();
        if issued < oldest || issued > now.plus(LEEWAY) {
            Err(ValidationError::IssuedAt)
        } else {
            Ok(())
        }
    }

    /// If the ID token has `at_hash`, it must match the access token (Core §3.1.3.8).
    fn check_access_token(
        &self,
        key: &CoreJsonWebKey,
        access_token: &AccessToken,
    ) -> Result<(), ValidationError> {
        match self.jwt.claims.get("at_hash") {
            None | Some(Value::Null) => Ok(()),
            Some(expected) => {
                let hash = self.jwt.half_hash(key, access_token.secret());
                if hash.is_some() && hash.as_deref() == expected.as_str() {
                    Ok(())
                } else {
                    Err(ValidationError::AccessTokenHash)
                }
            }
        }
    }
}

/// The audiences: a string or a list of strings; `None` if it is neither.
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

/// When the user authenticated at the provider, in whole seconds. An invalid time counts as
/// missing.
pub(super) fn auth_time(claims: &Object) -> Option<Timestamp> {
    Millis::of(claims.get("auth_time")?)?.to_timestamp()
}

/// Core §3.1.3.7, 13. With [`StepUp::SignInAgain`], which is the default for Google, `auth_time` may
/// be missing.
fn check_auth_time(claims: &Object, expected: &Expected<'_>) -> Result<(), ValidationError> {
    let Some(max_age) = expected.max_age else {
        return Ok(());
    };
    match auth_time(claims) {
        None if expected.client.step_up == StepUp::SignInAgain
            && claims.get("auth_time").is_none_or(Value::is_null) =>
        {
            Ok(())
        }
        None => Err(ValidationError::AuthTimeMissing),
        Some(at)
            if at <= expected.now.plus(LEEWAY)
                && expected.now.minus(LEEWAY).since(at) <= max_age =>
        {
            Ok(())
        }
        Some(_) => Err(ValidationError::AuthTime),
    }
}

/// A `NumericDate` (RFC 7519 §2) in milliseconds. Some providers write fractions of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Millis(i64);

impl Millis {
    fn of(date: &Value) -> Option<Self> {
        let secs = date.as_f64()?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the range is checked, and fractions of a millisecond are dropped"
        )]
        (secs.abs() <= MAX_SECONDS).then(|| Self((secs * 1000.0).floor() as i64))
    }

    /// The time in whole seconds; `None` before 1970.
    fn to_timestamp(self) -> Option<Timestamp> {
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
    use crate::config::{ProviderConfig, StepUp};
    use crate::oidc::config::Client;
    use crate::presets::google;
    use crate::validation_error::ValidationError;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn checked(config: &ProviderConfig, claims: &Value) -> Result<(), ValidationError> {
        let client = Client::new(config).expect("a valid configuration");
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
    fn auth_time_may_be_missing_only_where_a_new_sign_in_is_enough() {
        let google = google("id", "secret");
        let elsewhere = ProviderConfig {
            issuer: "https://login.example.com".to_owned(),
            ..google.clone()
        };
        let by_hand = ProviderConfig::new("g", "https://accounts.google.com", "id");
        let strict = ProviderConfig {
            step_up: Some(StepUp::AuthTime),
            ..google.clone()
        };
        let lenient = ProviderConfig {
            step_up: Some(StepUp::SignInAgain),
            ..elsewhere.clone()
        };
        assert_eq!(checked(&google, &json!({})), Ok(()));
        assert_eq!(checked(&by_hand, &json!({})), Ok(()));
        assert_eq!(checked(&lenient, &json!({})), Ok(()));
        for required in [&elsewhere, &strict] {
            assert_eq!(
                checked(required, &json!({})),
                Err(ValidationError::AuthTimeMissing)
            );
        }
        let old = json!({ "auth_time": NOW.as_secs() - 100_000 });
        let odd = json!({ "auth_time": "soon" });
        for optional in [&google, &lenient] {
            assert_eq!(
                checked(optional, &old),
                Err(ValidationError::AuthTime),
                "a time that is sent is checked"
            );
            assert_eq!(
                checked(optional, &odd),
                Err(ValidationError::AuthTimeMissing)
            );
        }
    }

    #[test]
    fn numeric_dates_are_parsed() {
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
        assert_eq!(
            Millis::of(&json!(-0.5)).and_then(Millis::to_timestamp),
            None
        );
        assert_eq!(
            Millis::of(&json!(7.9)).and_then(Millis::to_timestamp),
            Some(Timestamp::from_secs(7))
        );
    }
}
