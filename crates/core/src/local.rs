//! Local accounts: usernames, credentials, and the one-time links that invite a user or set a
//! password. Hashing and generating secrets do not belong here.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::clock::Timestamp;
use crate::id::UserId;

/// The maximum length of a username, in characters.
pub const MAX_USERNAME_CHARS: usize = 64;

/// The lifetime of a one-time link.
pub const LINK_LIFETIME: Duration = Duration::from_hours(1);

/// The name with which the user of a local account signs in: 1 to 64 ASCII letters, digits and
/// `. _ - + @`, in lower case. It may be an email address. Names that differ only in case are the
/// same name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Username(String);

/// The string is not a valid username.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidUsername;

impl fmt::Display for InvalidUsername {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "use 1 to {MAX_USERNAME_CHARS} letters from a to z, digits, and . _ - + @"
        )
    }
}

impl core::error::Error for InvalidUsername {}

impl Username {
    /// The name in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Username {
    type Err = InvalidUsername;

    fn from_str(text: &str) -> Result<Self, InvalidUsername> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+@".contains(&byte);
        if (1..=MAX_USERNAME_CHARS).contains(&text.len()) && text.bytes().all(is_allowed) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(InvalidUsername)
        }
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Username {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Username {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// What the password for a username is verified against.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// The user.
    pub user: UserId,
    /// The hash of the password with its parameters and salt, as a PHC string; `None` until a
    /// password is set. Not a secret by itself, but it must not reach a log: weak passwords can be
    /// guessed from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// When the password was set, or the account created.
    pub changed_at: Timestamp,
    /// The password link that an operator created. A new one replaces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkHash>,
    /// The password link that was requested for the user and sent by mail. A new one replaces it.
    /// Anyone can request one, so it does not replace the operator's link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_link: Option<LinkHash>,
}

impl Credential {
    /// The operator's link, or the requested one.
    pub fn link_mut(&mut self, is_by_operator: bool) -> &mut Option<LinkHash> {
        if is_by_operator {
            &mut self.link
        } else {
            &mut self.requested_link
        }
    }

    /// The links that can set the password.
    pub fn links(&self) -> impl Iterator<Item = LinkHash> {
        self.link.into_iter().chain(self.requested_link)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("user", &self.user)
            .field("has_password", &self.hash.is_some())
            .field("changed_at", &self.changed_at)
            .finish_non_exhaustive()
    }
}

/// The SHA-256 of a link's token. The token itself is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkHash(pub [u8; 32]);

impl LinkHash {
    /// The id of the link in audit records: part of the hash. It connects the record of the link's
    /// use to that of its creation. The link cannot be derived from it.
    pub fn id(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0[..9])
    }
}

impl Serialize for LinkHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for LinkHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        match URL_SAFE_NO_PAD.decode_slice(text.as_bytes(), &mut bytes) {
            Ok(32) => Ok(Self(bytes)),
            _ => Err(de::Error::custom("invalid link hash")),
        }
    }
}

/// A link that works once, for one purpose, until it expires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneTimeLink {
    /// What the link is for.
    pub purpose: LinkPurpose,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// What a link is for. A link cannot be used for anything else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    /// To create an account.
    Invitation {
        /// The email address of the account, if the operator set one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<String>,
    },
    /// To set the password of the user with this name.
    SetPassword {
        /// The username.
        username: Username,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_case_insensitive() {
        let name = |text: &str| text.parse::<Username>();
        assert_eq!(name("Ada.L+1@Example.com"), name("ada.l+1@example.COM"));
        assert_eq!(name("Ada").expect("valid").as_str(), "ada");
        assert!(name(&"a".repeat(64)).is_ok());
        let long = "a".repeat(65);
        for text in ["", "a b", "a\0", "ä", "a/b", "a:b", "a'b", &long] {
            assert_eq!(name(text), Err(InvalidUsername), "{text:?}");
        }
        assert!(serde_json::from_str::<Username>("\"a b\"").is_err());
    }

    #[test]
    fn the_hash_of_a_password_is_not_in_the_debug_output() {
        let credential = Credential {
            user: UserId::from_bytes([1; 16]),
            hash: Some("$argon2id$secret".to_owned()),
            changed_at: Timestamp::from_secs(1),
            link: None,
            requested_link: None,
        };
        assert!(!format!("{credential:?}").contains("argon2"));
        let text = serde_json::to_string(&credential).expect("JSON");
        let read: Credential = serde_json::from_str(&text).expect("read");
        assert_eq!(read, credential);
    }
}
