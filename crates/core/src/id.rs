//! Identifiers: 128 bits, written as 22 characters of base64url.

use core::fmt;
use core::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::rng::{self, Rng};

/// The text is not a valid id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidId;

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid id; an id is 22 characters of base64url")
    }
}

impl core::error::Error for InvalidId {}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// A new random id.
            pub fn random(rng: &dyn Rng) -> Self {
                Self(rng::bytes(rng))
            }

            /// The id with these bits.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The bits, as used in keys of the store and of the denylist.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            /// Strict: each id has exactly one text form, without padding or stray bits.
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let mut bytes = [0; 16];
                match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
                    Ok(16) => Ok(Self(bytes)),
                    _ => Err(InvalidId),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

id! {
    /// A user: the `sub` of our tokens.
    UserId
}
id! {
    /// A session: the `sid` of our tokens.
    SessionId
}
id! {
    /// An access token: its `jti`.
    TokenId
}
id! {
    /// A store: distinguishes it from another store at the same address.
    StoreId
}
id! {
    /// A sign-in in progress: a hash of its `state`, and part of its cookie's name.
    FlowId
}

#[cfg(test)]
mod tests {
    use super::SessionId;

    #[test]
    fn text_form_round_trips() {
        let id = SessionId::from_bytes([7; 16]);
        assert_eq!(id.to_string().len(), 22);
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn other_text_forms_are_refused() {
        let text = SessionId::from_bytes([0; 16]).to_string();
        let stray_bits = format!("{}B", &text[..21]);
        for other in [
            format!("{text}="),
            format!("{text}A"),
            stray_bits,
            String::new(),
            "é".into(),
        ] {
            assert!(
                other.parse::<SessionId>().is_err(),
                "{other:?} was accepted"
            );
        }
    }
}
