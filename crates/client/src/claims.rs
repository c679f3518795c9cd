//! Decodes a JWT without verifying it. Never base an authorization decision on the result: the
//! server decides what a token permits.
//!
//! ```
//! use latchkey_client::claims;
//!
//! // {"alg":"none"}.{"sub":"ada","exp":7600}
//! let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEiLCJleHAiOjc2MDB9.x";
//! let decoded = claims::decode(token).unwrap();
//! assert_eq!(decoded.claims.get("sub"), Some("\"ada\""));
//! assert_eq!(decoded.claims.numeric_date("exp"), Some(7600));
//! assert_eq!(claims::string_claim(token, "sub").as_deref(), Some("ada"));
//! ```

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON object: the names of its members and their values as JSON text, in their original
/// order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members(pub Vec<(String, String)>);

/// The readable parts of a JWT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The JOSE header.
    pub header: Members,
    /// The claims.
    pub claims: Members,
}

/// Decodes the header and claims of a token. `None` if it is not a JWT.
pub fn decode(token: &str) -> Option<Decoded> {
    let mut parts = token.split('.');
    let (header, claims) = (parts.next()?, parts.next()?);
    (parts.count() == 1).then_some(())?;
    Some(Decoded {
        header: members(header)?,
        claims: members(claims)?,
    })
}

/// The value of a string claim, such as `sub`.
pub fn string_claim(token: &str, name: &str) -> Option<String> {
    serde_json::from_str(decode(token)?.claims.get(name)?).ok()
}

impl Members {
    /// The value of a member, as JSON text.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(member, _)| member == name)?;
        Some(value)
    }

    /// The value of a member that is a NumericDate (RFC 7519 §2), in seconds since 1970.
    pub fn numeric_date(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }
}

fn members(part: &str) -> Option<Members> {
    let json = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&json).ok()
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<_, &RawValue>()? {
                    members.push((name, value.get().to_owned()));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> String {
        let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
        format!(
            "{}.{}.sig",
            part(r#"{"typ":"at+jwt","alg":"ES256"}"#),
            part(claims)
        )
    }

    #[test]
    fn members_keep_their_order() {
        let decoded = decode(&jwt(r#"{"sub":"ada","aud":["b","a"],"exp":7}"#)).expect("a JWT");
        let names: Vec<_> = decoded
            .claims
            .0
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["sub", "aud", "exp"]);
        assert_eq!(decoded.claims.numeric_date("exp"), Some(7));
        assert_eq!(decoded.header.0[0].0, "typ");
    }

    #[test]
    fn invalid_jwts_decode_to_none() {
        for token in ["", "a.b", "a.b.c.d", "..", "!.!.!", "bnVsbA.bnVsbA.x"] {
            assert_eq!(decode(token), None, "{token}");
        }
    }

    #[test]
    fn only_string_claims_are_returned_as_text() {
        assert_eq!(
            string_claim(&jwt(r#"{"sub":"ada"}"#), "sub").as_deref(),
            Some("ada")
        );
        assert_eq!(string_claim(&jwt(r#"{"sub":7}"#), "sub"), None);
        assert_eq!(string_claim(&jwt("{}"), "sub"), None);
    }
}
