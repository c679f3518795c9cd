//! The identities of a user, and the errors when one cannot be added or removed.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// How a provider identifies a user: unique and never reassigned (OpenID Connect Core §5.7). An
/// email address can be shared or reassigned, so it never identifies a user at a sign-in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The provider's issuer identifier.
    pub issuer: String,
    /// The provider's subject identifier.
    pub subject: String,
}

/// How many identities a user can have.
pub const MAX_IDENTITIES: usize = 10;

/// An identity of a user, with the claims of its provider at the latest sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedIdentity {
    /// The number of this identity among those of its user; never used twice. A session stores the
    /// number of the identity that opened it.
    #[serde(rename = "no", default, skip_serializing_if = "is_zero")]
    pub number: u32,
    /// How the provider identifies the user.
    pub identity: Identity,
    /// The email address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether that address was verified.
    pub email_verified: bool,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// [`Profile::hosted_domain`](super::Profile::hosted_domain).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosted_domain: Option<String>,
    /// When it was added to the user.
    pub linked_at: Timestamp,
}

/// The user has the maximum number of identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyIdentities;

impl fmt::Display for TooManyIdentities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "an account can have at most {MAX_IDENTITIES} ways to sign in; remove one first"
        )
    }
}

impl core::error::Error for TooManyIdentities {}

/// Why an identity was not removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnlinkError {
    /// The user has no identity with this number.
    Unknown,
    /// It is the only identity with which the user can sign in; see
    /// [`User::unlink`](super::User::unlink).
    Last,
}

impl fmt::Display for UnlinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "none of the ways to sign in to your account has this id",
            Self::Last => {
                "this is the only way to sign in to your account; add another one before you \
                 remove it"
            }
        })
    }
}

impl core::error::Error for UnlinkError {}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
pub(super) const fn is_zero(number: &u32) -> bool {
    *number == 0
}
