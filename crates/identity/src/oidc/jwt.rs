//! Parses signed JWTs of a provider (RFC 7515, RFC 7519) and verifies their signature with the
//! provider's keys. The claims are checked elsewhere.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};
use openidconnect::{
    JsonWebKey as _, JsonWebKeyAlgorithm, JsonWebKeyUse, JwsSigningAlgorithm as _,
    SignatureVerificationError,
};
use serde_json::Value;

use super::jwks::KeySet;
use crate::json::{Object, object};
use crate::validation_error::ValidationError;

/// Why a JWT is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rejection {
    /// No key or more than one key matches its header, or its signature is not valid for the
    /// matching key. The provider may have newer keys.
    UnknownKey,
    /// It is invalid regardless of the keys.
    Invalid(ValidationError),
}

impl From<ValidationError> for Rejection {
    fn from(error: ValidationError) -> Self {
        Self::Invalid(error)
    }
}

impl From<Rejection> for ValidationError {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::UnknownKey => Self::Signature,
            Rejection::Invalid(error) => error,
        }
    }
}

/// A parsed JWT whose signature has not been verified.
pub(super) struct Jwt {
    pub(super) claims: Object,
    algorithm: CoreJwsSigningAlgorithm,
    key_id: Option<String>,
    signed: String,
    signature: Vec<u8>,
}

impl Jwt {
    /// Parses the three parts. Encrypted tokens, unknown algorithms and header parameters that
    /// would change the meaning of the token are refused.
    pub(super) fn parse(text: &str) -> Result<Self, ValidationError> {
        let mut parts = text.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ValidationError::Malformed);
        };
        let signed = format!("{header}.{claims}");
        let header = object(&bytes(header)?)?;
        let claims = object(&bytes(claims)?)?;
        let signature = bytes(signature)?;
        let key_id = match header.get("kid") {
            None | Some(Value::Null) => None,
            Some(Value::String(id)) => Some(id.clone()),
            Some(_) => return Err(ValidationError::Malformed),
        };
        let present = |name: &str| header.get(name).is_some_and(|value| !value.is_null());
        // `crit` names extensions that must be understood, `cty` a nested token.
        if !is_jwt(header.get("typ")) || present("crit") || present("cty") {
            return Err(ValidationError::Malformed);
        }
        let algorithm = header.get("alg").cloned().unwrap_or_default();
        let algorithm =
            serde_json::from_value(algorithm).map_err(|_| ValidationError::Algorithm)?;
        Ok(Self {
            claims,
            algorithm,
            key_id,
            signed,
            signature,
        })
    }

    /// Verifies the signature, if the algorithm is one of `allowed`, and returns the key. `alg` and
    /// `kid` are not trusted: they only select one of the provider's keys.
    pub(super) fn verify<'k>(
        &self,
        keys: &'k KeySet,
        allowed: &[CoreJwsSigningAlgorithm],
    ) -> Result<&'k CoreJsonWebKey, Rejection> {
        if !allowed.contains(&self.algorithm) {
            return Err(ValidationError::Algorithm.into());
        }
        let mut candidates = keys
            .keys()
            .iter()
            .filter(|key| self.may_be_signed_with(key));
        // OpenID Connect Core §10.1: the token must identify one key.
        let (Some(key), None) = (candidates.next(), candidates.next()) else {
            return Err(Rejection::UnknownKey);
        };
        match key.verify_signature(&self.algorithm, self.signed.as_bytes(), &self.signature) {
            Ok(()) => Ok(key),
            Err(SignatureVerificationError::UnsupportedAlg(_)) => {
                Err(ValidationError::Algorithm.into())
            }
            Err(_) => Err(Rejection::UnknownKey),
        }
    }

    /// The left half of the hash of `text`, encoded as base64url, as in `at_hash`. Uses the hash
    /// function of this token's `alg` (OpenID Connect Core §3.1.3.6).
    pub(super) fn half_hash(&self, key: &CoreJsonWebKey, text: &str) -> Option<String> {
        let hash = key.hash_bytes(text.as_bytes(), &self.algorithm).ok()?;
        Some(URL_SAFE_NO_PAD.encode(hash.get(..hash.len() / 2)?))
    }

    /// Whether this key has the token's `kid`, if there is one, and suits its algorithm.
    fn may_be_signed_with(&self, key: &CoreJsonWebKey) -> bool {
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

/// Whether `typ` is absent, or says that this is a JWT or a JWS in compact serialization (RFC 7515
/// §4.1.9).
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

fn bytes(part: &str) -> Result<Vec<u8>, ValidationError> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| ValidationError::Malformed)
}
