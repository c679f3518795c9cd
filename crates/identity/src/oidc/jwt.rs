//! A signed JWT as a provider sends it (RFC 7515, RFC 7519): read strictly, and its signature
//! checked with one of the provider's keys. What its claims mean is not decided here.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};
use openidconnect::{
    JsonWebKey as _, JsonWebKeyAlgorithm, JsonWebKeyUse, JwsSigningAlgorithm as _,
    SignatureVerificationError,
};
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::jwks::KeySet;
use crate::check::Check;

/// The members of a JSON object.
pub(super) type Object = Map<String, Value>;

/// Why a JWT is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rejection {
    /// Its signature is by none of these keys; the provider may have newer ones.
    Key,
    /// It would be refused with any keys.
    Check(Check),
}

impl From<Check> for Rejection {
    fn from(check: Check) -> Self {
        Self::Check(check)
    }
}

impl From<Rejection> for Check {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Key => Self::Signature,
            Rejection::Check(check) => check,
        }
    }
}

/// A JWT that could be read, and nothing more.
pub(super) struct Jwt {
    pub(super) claims: Object,
    algorithm: CoreJwsSigningAlgorithm,
    key_id: Option<String>,
    signed: String,
    signature: Vec<u8>,
}

impl Jwt {
    /// Reads the three parts. Encryption, unknown algorithms and header parameters that would
    /// change the meaning of the token are refused.
    pub(super) fn parse(text: &str) -> Result<Self, Check> {
        let mut parts = text.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Check::Malformed);
        };
        let signed = format!("{header}.{claims}");
        let header = object(&bytes(header)?)?;
        let claims = object(&bytes(claims)?)?;
        let signature = bytes(signature)?;
        let key_id = match header.get("kid") {
            None | Some(Value::Null) => None,
            Some(Value::String(id)) => Some(id.clone()),
            Some(_) => return Err(Check::Malformed),
        };
        let present = |name: &str| header.get(name).is_some_and(|value| !value.is_null());
        // `crit` names parameters that must be understood, `cty` another token inside.
        if !is_jwt(header.get("typ")) || present("crit") || present("cty") {
            return Err(Check::Malformed);
        }
        let algorithm = header.get("alg").cloned().unwrap_or_default();
        let algorithm = serde_json::from_value(algorithm).map_err(|_| Check::Algorithm)?;
        Ok(Self {
            claims,
            algorithm,
            key_id,
            signed,
            signature,
        })
    }

    /// The key that verifies the signature, if the algorithm is one of `allowed`. Neither `alg`
    /// nor `kid` is trusted: they only choose among the provider's keys.
    pub(super) fn verify<'k>(
        &self,
        keys: &'k KeySet,
        allowed: &[CoreJwsSigningAlgorithm],
    ) -> Result<&'k CoreJsonWebKey, Rejection> {
        if !allowed.contains(&self.algorithm) {
            return Err(Check::Algorithm.into());
        }
        let mut fitting = keys.keys().iter().filter(|key| self.may_be_by(key));
        // Core §10.1: with several keys the token must say which.
        let (Some(key), None) = (fitting.next(), fitting.next()) else {
            return Err(Rejection::Key);
        };
        match key.verify_signature(&self.algorithm, self.signed.as_bytes(), &self.signature) {
            Ok(()) => Ok(key),
            Err(SignatureVerificationError::UnsupportedAlg(_)) => Err(Check::Algorithm.into()),
            Err(_) => Err(Rejection::Key),
        }
    }

    /// The left half of the hash of `text` (Core §3.1.3.6), by the algorithm of this token.
    pub(super) fn half_hash(&self, key: &CoreJsonWebKey, text: &str) -> Option<String> {
        let hash = key.hash_bytes(text.as_bytes(), &self.algorithm).ok()?;
        Some(URL_SAFE_NO_PAD.encode(hash.get(..hash.len() / 2)?))
    }

    /// Whether this key has the token's `kid`, if it names one, and is for its algorithm.
    fn may_be_by(&self, key: &CoreJsonWebKey) -> bool {
        let named = match &self.key_id {
            Some(id) => key.key_id().is_some_and(|known| **known == *id),
            None => true,
        };
        let signs = key.key_use().is_none_or(JsonWebKeyUse::allows_signature);
        let kind = self.algorithm.key_type();
        let algorithm = match key.signing_alg() {
            JsonWebKeyAlgorithm::Unspecified => true,
            JsonWebKeyAlgorithm::Algorithm(only) => *only == self.algorithm,
            JsonWebKeyAlgorithm::Unsupported => false,
        };
        named && signs && kind.as_ref() == Some(key.key_type()) && algorithm
    }
}

/// RFC 7515 §4.1.9: the type, if there is one, is that of a JWT.
fn is_jwt(typ: Option<&Value>) -> bool {
    match typ {
        None | Some(Value::Null) => true,
        Some(Value::String(typ)) => matches!(
            typ.to_ascii_lowercase().as_str(),
            "jwt" | "jose" | "application/jwt" | "application/jose"
        ),
        Some(_) => false,
    }
}

fn bytes(part: &str) -> Result<Vec<u8>, Check> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Check::Malformed)
}

/// An object of which no member occurs twice: two readers could take two values for the same
/// claim.
pub(super) fn object(json: &[u8]) -> Result<Object, Check> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let object = reader
        .deserialize_map(Unique)
        .map_err(|_| Check::Malformed)?;
    reader.end().map_err(|_| Check::Malformed)?;
    Ok(object)
}

struct Unique;

impl<'de> Visitor<'de> for Unique {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with unique members")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Object, A::Error> {
        let mut object = Object::new();
        while let Some((name, value)) = members.next_entry::<String, Value>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a member occurs twice"));
            }
        }
        Ok(object)
    }
}
