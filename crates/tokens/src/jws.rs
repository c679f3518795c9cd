//! A strict parser and signer for the compact serialization of signed tokens (RFC 7515).
//!
//! Strict means that each token has exactly one encoding: three parts of unpadded base64url whose
//! unused trailing bits are zero, a header with only the expected members, no duplicate members, and
//! for ECDSA the lower of the two possible values of `s`. DPoP proofs, which clients sign, may have
//! either value.

use core::fmt;
use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};
use serde::de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::MAX_TOKEN_BYTES;

/// The error for text that does not have the three parts of a JWS.
const NOT_THREE_PARTS: &str = "not three parts separated by dots";

/// The header of tokens issued here. Other members (`crit`, `b64`, `jwk`, `jku`, `x5u`, `x5c`, …)
/// are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    pub(crate) typ: String,
    pub(crate) alg: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kid: Option<String>,
}

/// A parsed token whose signature has not been verified.
pub(crate) struct Unverified<'a, H = Header> {
    pub(crate) header: H,
    message: &'a str,
    claims: &'a str,
    signature: &'a str,
}

impl<'a, H: DeserializeOwned> Unverified<'a, H> {
    /// Splits the token and reads its header.
    pub(crate) fn parse(token: &'a str) -> Result<Self, &'static str> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err("longer than 8 KiB");
        }
        let (message, signature) = token.rsplit_once('.').ok_or(NOT_THREE_PARTS)?;
        let (header, claims) = message.split_once('.').ok_or(NOT_THREE_PARTS)?;
        if claims.contains('.') {
            return Err(NOT_THREE_PARTS);
        }
        if decode::<UniqueMembers>(header).is_none() {
            return Err("the header is not a JSON object, or has duplicate members");
        }
        let header =
            decode(header).ok_or("a header member is missing, unknown or of the wrong type")?;
        Ok(Self {
            header,
            message,
            claims,
            signature,
        })
    }

    /// Verifies the signature, then reads the claims.
    pub(crate) fn verify<C: DeserializeOwned>(
        &self,
        key: &DecodingKey,
        algorithm: Algorithm,
    ) -> Result<C, &'static str> {
        if algorithm == Algorithm::ES256 && !low_s(self.signature) {
            return Err("the signature is not 64 bytes with the lower value of `s`");
        }
        self.verify_foreign(key, algorithm)
    }

    /// Like [`Unverified::verify`], but accepts either value of `s`, for tokens signed elsewhere.
    pub(crate) fn verify_foreign<C: DeserializeOwned>(
        &self,
        key: &DecodingKey,
        algorithm: Algorithm,
    ) -> Result<C, &'static str> {
        let valid = crypto::verify(self.signature, self.message.as_bytes(), key, algorithm);
        if !matches!(valid, Ok(true)) {
            return Err("the signature is invalid");
        }
        let unique: Option<UniqueMembers> = decode(self.claims);
        if unique.is_none() {
            return Err("the claims are not a JSON object, or have duplicate members");
        }
        decode(self.claims).ok_or("a claim is missing or of the wrong type")
    }
}

/// Signs `claims`.
pub(crate) fn sign<C: Serialize>(
    header: &Header,
    claims: &C,
    key: &EncodingKey,
    algorithm: Algorithm,
) -> Result<String, jsonwebtoken::errors::Error> {
    let message = format!("{}.{}", encode(header)?, encode(claims)?);
    let mut signature = crypto::sign(message.as_bytes(), key, algorithm)?;
    if algorithm == Algorithm::ES256 {
        lower_s(&mut signature);
    }
    Ok(format!("{message}.{signature}"))
}

fn encode<T: Serialize>(part: &T) -> Result<String, jsonwebtoken::errors::Error> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(part)?))
}

fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// A JSON object without duplicate members at any depth.
struct UniqueMembers;

impl<'de> Deserialize<'de> for UniqueMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Walk).map(|()| Self)
    }
}

/// Any JSON value without duplicate members at any depth.
struct UniqueInside;

impl<'de> Deserialize<'de> for UniqueInside {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk).map(|()| Self)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate members")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some((name, UniqueInside)) = map.next_entry::<String, _>()? {
            if !seen.insert(name) {
                return Err(A::Error::custom("duplicate member"));
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(UniqueInside) = list.next_element()? {}
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// The order of P-256 (SEC 2 §2.4.2), big-endian.
const ORDER: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
];

/// Half the order, rounded down.
const HALF_ORDER: [u8; 32] = [
    0x7F, 0xFF, 0xFF, 0xFF, 0x80, 0x00, 0x00, 0x00, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xDE, 0x73, 0x7D, 0x56, 0xD3, 0x8B, 0xCF, 0x42, 0x79, 0xDC, 0xE5, 0x61, 0x7E, 0x31, 0x92, 0xA8,
];

/// Whether an ES256 signature has the lower of the two possible values of `s`. If `(r, s)` is a
/// valid signature, so is `(r, n − s)`, which would give the same token a second encoding.
fn low_s(signature: &str) -> bool {
    let mut bytes = [0; 64];
    let decoded = URL_SAFE_NO_PAD.decode_slice(signature, &mut bytes);
    decoded == Ok(64) && bytes[32..] <= HALF_ORDER[..]
}

/// Changes an ES256 signature to the lower value of `s`.
pub(crate) fn lower_s(signature: &mut String) {
    let mut bytes = [0; 64];
    if URL_SAFE_NO_PAD.decode_slice(&*signature, &mut bytes) == Ok(64)
        && bytes[32..] > HALF_ORDER[..]
    {
        subtract_from_order(&mut bytes[32..]);
        *signature = URL_SAFE_NO_PAD.encode(bytes);
    }
}

/// Replaces `s` by `n − s`.
pub(crate) fn subtract_from_order(s: &mut [u8]) {
    let mut borrow = false;
    for (byte, order) in s.iter_mut().zip(ORDER).rev() {
        let (difference, under) = order.overflowing_sub(*byte);
        let (difference, under_again) = difference.overflowing_sub(u8::from(borrow));
        *byte = difference;
        borrow = under || under_again;
    }
}
