//! The ID token and all it must withstand (Core §3.1.3.7).

use core::time::Duration;
use std::time::UNIX_EPOCH;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_core::Timestamp;
use openidconnect::core::{
    CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier, CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AccessToken, AccessTokenHash, ClaimsVerificationError, Nonce, SignatureVerificationError,
};
use serde_json::{Map, Value};

use super::config::Client;
use super::jwks::KeySet;
use crate::check::Check;
use crate::provider::Kind;

/// How far the provider's clock and ours may differ.
const LEEWAY: Duration = Duration::from_mins(1);
/// How long ago an ID token may have been issued: it comes straight from the token endpoint.
const MAX_AGE: Duration = Duration::from_mins(10);
/// The year 9999: the library's type for time ends somewhat later.
const END_OF_TIME: Duration = Duration::from_secs(253_402_300_799);
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

/// Why an ID token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Its signature is by none of these keys; the provider may have newer ones.
    Key,
    /// It would be refused with any keys.
    Check(Check),
}

impl From<Check> for Trouble {
    fn from(check: Check) -> Self {
        Self::Check(check)
    }
}

impl From<Trouble> for Check {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Key => Self::Signature,
            Trouble::Check(check) => check,
        }
    }
}

/// An ID token that could be read, and nothing more.
pub(super) struct IdToken {
    token: CoreIdToken,
    algorithm: CoreJwsSigningAlgorithm,
}

impl IdToken {
    /// Reads an ID token and says which claim is missing, if one is.
    pub(super) fn parse(text: &str) -> Result<Self, Check> {
        let mut parts = text.split('.');
        let header = part(parts.next())?;
        let claims = part(parts.next())?;
        if let Some(name) = REQUIRED
            .into_iter()
            .find(|name| !claims.contains_key(*name))
        {
            return Err(Check::MissingClaim(name));
        }
        // Any spelling of `none`, encryption, and what nobody has heard of end here.
        let algorithm = header.get("alg").cloned().unwrap_or_default();
        let algorithm = serde_json::from_value(algorithm).map_err(|_| Check::Algorithm)?;
        let token = text.parse().map_err(|_| Check::Malformed)?;
        Ok(Self { token, algorithm })
    }

    /// The claims, if everything about the token is as it must be.
    pub(super) fn verify(
        &self,
        keys: &KeySet,
        expected: &Expected<'_>,
    ) -> Result<&CoreIdTokenClaims, Trouble> {
        if !expected.algorithms.contains(&self.algorithm) {
            return Err(Check::Algorithm.into());
        }
        let verifier = verifier(keys, expected);
        let nonce = Nonce::new(expected.nonce.to_owned());
        let claims = self
            .token
            .claims(&verifier, &nonce)
            .map_err(|error| trouble(&error))?;
        check_party(claims, expected.client)?;
        check_issue_time(claims, expected.now)?;
        check_auth_time(claims, expected)?;
        if !(1..=MAX_SUBJECT).contains(&claims.subject().len()) {
            return Err(Check::Subject.into());
        }
        self.check_access_token(claims, &verifier, expected.access_token)?;
        Ok(claims)
    }

    /// If the ID token says which access token it came with, it must be this one (Core §3.1.3.8).
    fn check_access_token(
        &self,
        claims: &CoreIdTokenClaims,
        verifier: &CoreIdTokenVerifier<'_>,
        access_token: &AccessToken,
    ) -> Result<(), Check> {
        let Some(said) = claims.access_token_hash() else {
            return Ok(());
        };
        let key = self
            .token
            .signing_key(verifier)
            .map_err(|_| Check::Signature)?;
        let hash = AccessTokenHash::from_token(access_token, &self.algorithm, key);
        if hash.is_ok_and(|hash| hash == *said) {
            Ok(())
        } else {
            Err(Check::AccessTokenHash)
        }
    }
}

/// One of the three parts of a JWT, which is an object.
fn part(text: Option<&str>) -> Result<Map<String, Value>, Check> {
    let json = text
        .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
        .ok_or(Check::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| Check::Malformed)
}

/// The library's verifier: issuer, audience, algorithm, signature, expiry; and no shared secret, so
/// that nothing signed with one can pass.
fn verifier<'a>(keys: &KeySet, expected: &Expected<'a>) -> CoreIdTokenVerifier<'a> {
    let client = expected.client;
    let late = Duration::from_millis(expected.now.minus(LEEWAY).as_millis()).min(END_OF_TIME);
    CoreIdTokenVerifier::new_public_client(client.id.clone(), client.issuer.clone(), keys.clone())
        .set_allowed_algs(expected.algorithms.iter().cloned())
        .set_time_fn(move || (UNIX_EPOCH + late).into())
        // Other audiences are let through here; `check_party` decides about them.
        .set_other_audience_verifier_fn(|_| true)
}

/// Core §3.1.3.7, 4 and 5: whoever shares the token with others must have asked for it.
fn check_party(claims: &CoreIdTokenClaims, client: &Client) -> Result<(), Check> {
    match claims.authorized_party() {
        Some(party) if *party == client.id => Ok(()),
        None if claims.audiences().len() == 1 => Ok(()),
        _ => Err(Check::AuthorizedParty),
    }
}

fn check_issue_time(claims: &CoreIdTokenClaims, now: Timestamp) -> Result<(), Check> {
    let issued = u64::try_from(claims.issue_time().timestamp()).map_err(|_| Check::IssuedAt)?;
    let issued = Timestamp::from_secs(issued);
    let oldest = now.minus(MAX_AGE).minus(LEEWAY).floor_to_second();
    if issued < oldest || issued > now.plus(LEEWAY) {
        Err(Check::IssuedAt)
    } else {
        Ok(())
    }
}

/// When the person proved who they are, in whole seconds.
pub(super) fn auth_time(claims: &CoreIdTokenClaims) -> Option<Timestamp> {
    let said = claims.auth_time()?.timestamp();
    u64::try_from(said).ok().map(Timestamp::from_secs)
}

/// Core §3.1.3.7, 13. Google is asked and never says: its word is that of any sign-in, which is as
/// much as it has.
fn check_auth_time(claims: &CoreIdTokenClaims, expected: &Expected<'_>) -> Result<(), Check> {
    let Some(max_age) = expected.max_age else {
        return Ok(());
    };
    match auth_time(claims) {
        None if claims.auth_time().is_none() && expected.client.kind == Kind::Google => Ok(()),
        Some(at)
            if at <= expected.now.plus(LEEWAY)
                && expected.now.minus(LEEWAY).since(at) <= max_age =>
        {
            Ok(())
        }
        _ => Err(Check::AuthTime),
    }
}

/// What the library's refusal means. Its texts repeat what the token says, so they end here.
fn trouble(error: &ClaimsVerificationError) -> Trouble {
    use ClaimsVerificationError as Claims;
    use SignatureVerificationError as Signature;
    Trouble::Check(match error {
        Claims::InvalidIssuer(_) => Check::Issuer,
        Claims::InvalidAudience(_) => Check::Audience,
        Claims::InvalidNonce(_) => Check::Nonce,
        Claims::Expired(_) => Check::Expired,
        Claims::SignatureVerification(
            Signature::DisallowedAlg(_) | Signature::UnsupportedAlg(_) | Signature::NoSignature,
        ) => Check::Algorithm,
        Claims::SignatureVerification(_) => return Trouble::Key,
        _ => Check::Malformed,
    })
}
