//! What is made of the claims: a profile, with values that are safe to keep and to show. A claim
//! that cannot be understood counts as one that was not given.

use latchkey_core::{Identity, Profile};
use serde_json::Value;

use super::id_token::Verified;
use super::jwt::Object;

/// The longest address that mail can be sent to, in bytes (RFC 5321 §4.5.3.1.3).
const MAX_EMAIL: usize = 254;
/// The longest name of a domain, in bytes (RFC 1035 §2.3.4).
const MAX_DOMAIN: usize = 253;
/// The longest name that is kept, in characters; the rest is cut off. It goes into every access
/// token.
const MAX_NAME: usize = 100;

/// How far this provider is believed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trust {
    /// An address counts as verified where the provider does not say whether it is.
    pub(super) email: bool,
    /// The claim `hd` means what Google means by it.
    pub(super) hosted_domain: bool,
}

/// The profile: from the ID token, filled up from userinfo.
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

/// Whether the claims hold an address that can be used.
pub(super) fn has_email(claims: &Object) -> bool {
    address(claims).is_some()
}

/// The address, and whether the provider says of this very address that it was verified.
fn email(claims: &Object, info: Option<&Object>, trust: Trust) -> (Option<String>, bool) {
    let said = Said::by(claims);
    let info_said = info.map_or(Said::Nothing, Said::by);
    let info_email = info.and_then(address);
    let (email, about_it) = match address(claims) {
        Some(email) => {
            let same = info_email.as_ref() == Some(&email);
            (Some(email), said.or(info_said, same))
        }
        None => (info_email, info_said),
    };
    let silent = said == Said::Nothing && info_said == Said::Nothing;
    let verified = about_it == Said::Verified || (silent && trust.email);
    (email.clone(), email.is_some() && verified)
}

/// What `email_verified` says. Some providers write it as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    Verified,
    NotVerified,
    /// It was said in a way that is not understood.
    Unclear,
}

impl Said {
    fn by(claims: &Object) -> Self {
        match claims.get("email_verified") {
            None | Some(Value::Null) => Self::Nothing,
            Some(Value::Bool(true)) => Self::Verified,
            Some(Value::Bool(false)) => Self::NotVerified,
            Some(Value::String(text)) if text == "true" => Self::Verified,
            Some(Value::String(text)) if text == "false" => Self::NotVerified,
            Some(_) => Self::Unclear,
        }
    }

    /// This, or if it says nothing, what userinfo says, provided that it is about the same address.
    const fn or(self, info: Self, same_address: bool) -> Self {
        match self {
            Self::Nothing | Self::Unclear if same_address => info,
            said => said,
        }
    }
}

/// An address that is one, or nothing.
fn address(claims: &Object) -> Option<String> {
    let text = claims.get("email")?.as_str()?.trim();
    // What mailers read as something else than one plain address could be verified by the mailbox
    // of somebody else.
    let odd = |c: char| c.is_control() || c.is_whitespace() || ",;:<>()[]\"\\".contains(c);
    let fits = text.len() <= MAX_EMAIL
        && text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        })
        && !text.chars().any(odd);
    fits.then(|| text.to_owned())
}

/// The domain of an organisation, in lower case.
fn hosted_domain(claim: &Value) -> Option<String> {
    let text = claim.as_str()?;
    let usable = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
    let fits = !text.is_empty() && text.len() <= MAX_DOMAIN && text.chars().all(usable);
    fits.then(|| text.to_lowercase())
}

/// The name without a language, or else any that can be seen; on one line.
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
    let line: String = claim
        .as_str()?
        .chars()
        .map(|c| if is_layout(c) { ' ' } else { c })
        .collect();
    let cut: String = line.trim().chars().take(MAX_NAME).collect();
    let seen = cut.chars().any(|c| !c.is_whitespace() && !is_invisible(c));
    seen.then_some(cut)
}

/// Line ends and the like, and what turns the direction of the text around it.
fn is_layout(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What is drawn as nothing, or as a blank, though it is no white space (Unicode's
/// `Default_Ignorable_Code_Point`, and the blank of Braille). Between other characters these have
/// their use, so they stay there.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests;
