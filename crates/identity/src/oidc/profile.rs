//! Converts the claims into a profile whose values are safe to store and display. An invalid claim
//! counts as missing.

use latchkey_core::{Identity, Profile};
use serde_json::Value;

use super::id_token::Verified;
use crate::clean;
use crate::json::Object;

/// The longest domain name, in bytes (RFC 1035 §2.3.4).
const MAX_DOMAIN_BYTES: usize = 253;

/// Which claims of this provider are trusted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trust {
    /// An email address counts as verified if the provider does not say whether it is.
    pub(super) email: bool,
    /// The claim `hd` has Google's meaning.
    pub(super) hosted_domain: bool,
}

/// Builds the profile from the ID token. Claims that it lacks are taken from userinfo.
pub(super) fn profile(token: Verified<'_>, info: Option<&Object>, trust: Trust) -> Profile {
    let (email, email_verified) = email(token.claims, info, trust);
    let domain = token.claims.get("hd").filter(|_| trust.hosted_domain);
    Profile {
        identity: Identity {
            issuer: token.issuer.to_owned(),
            subject: token.subject.to_owned(),
        },
        email,
        email_verified,
        name: name(token.claims).or_else(|| info.and_then(name)),
        hosted_domain: domain.and_then(hosted_domain),
    }
}

/// Whether the claims have a valid email address.
pub(super) fn has_email(claims: &Object) -> bool {
    address(claims).is_some()
}

/// The email address, and whether it counts as verified: the provider says so, or it says nothing
/// and is trusted (`trust.email`).
fn email(claims: &Object, info: Option<&Object>, trust: Trust) -> (Option<String>, bool) {
    let token_status = EmailStatus::from_claims(claims);
    let info_status = info.map_or(EmailStatus::Missing, EmailStatus::from_claims);
    let info_email = info.and_then(address);
    let (email, status) = match address(claims) {
        Some(email) => {
            let same = info_email.as_ref() == Some(&email);
            (Some(email), token_status.or(info_status, same))
        }
        None => (info_email, info_status),
    };
    let missing = token_status == EmailStatus::Missing && info_status == EmailStatus::Missing;
    let verified = status == EmailStatus::Verified || (missing && trust.email);
    (email.clone(), email.is_some() && verified)
}

/// The claim `email_verified`. Some providers write it as a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EmailStatus {
    Missing,
    Verified,
    NotVerified,
    /// It has an invalid value.
    Invalid,
}

impl EmailStatus {
    fn from_claims(claims: &Object) -> Self {
        match claims.get("email_verified") {
            None | Some(Value::Null) => Self::Missing,
            Some(Value::Bool(true)) => Self::Verified,
            Some(Value::Bool(false)) => Self::NotVerified,
            Some(Value::String(text)) if text == "true" => Self::Verified,
            Some(Value::String(text)) if text == "false" => Self::NotVerified,
            Some(_) => Self::Invalid,
        }
    }

    /// This status or, if it is missing or invalid and userinfo has the same address, the status
    /// from userinfo.
    const fn or(self, info: Self, same_address: bool) -> Self {
        match self {
            Self::Missing | Self::Invalid if same_address => info,
            status => status,
        }
    }
}

/// The email address, if it is valid.
fn address(claims: &Object) -> Option<String> {
    clean::email(claims.get("email")?.as_str()?)
}

/// The domain of an organization, in lower case.
fn hosted_domain(claim: &Value) -> Option<String> {
    let text = claim.as_str()?;
    let usable = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
    let valid = !text.is_empty() && text.len() <= MAX_DOMAIN_BYTES && text.chars().all(usable);
    valid.then(|| text.to_lowercase())
}

/// The claim `name`, or else the first visible `name` claim with a language tag, as a single line.
fn name(claims: &Object) -> Option<String> {
    let plain = claims.get("name").and_then(line);
    plain.or_else(|| {
        claims
            .iter()
            .filter(|(claim, _)| claim.starts_with("name#"))
            .find_map(|(_, value)| line(value))
    })
}

fn line(claim: &Value) -> Option<String> {
    clean::name(claim.as_str()?)
}

#[cfg(test)]
mod tests;
