//! What is made of the claims: a profile, with values that are safe to keep and to show.

use latchkey_core::{Identity, Profile};
use openidconnect::core::{CoreIdTokenClaims, CoreUserInfoClaims};
use openidconnect::{EndUserEmail, EndUserName, LocalizedClaim};

/// The longest address that mail can be sent to, in bytes (RFC 5321 §4.5.3.1.3).
const MAX_EMAIL: usize = 254;
/// The longest name that is kept, in characters; the rest is cut off. It goes into every access
/// token.
const MAX_NAME: usize = 100;

/// The profile: from the ID token, filled up from userinfo.
pub(super) fn profile(claims: &CoreIdTokenClaims, info: Option<&CoreUserInfoClaims>) -> Profile {
    let (email, email_verified) = email(claims, info);
    let named = claims.name().and_then(name);
    Profile {
        identity: Identity {
            issuer: claims.issuer().as_str().to_owned(),
            subject: claims.subject().as_str().to_owned(),
        },
        email,
        email_verified,
        name: named.or_else(|| info.and_then(|info| info.name()).and_then(name)),
        hosted_domain: None,
    }
}

/// The address, and whether the provider says of this very address that it was verified.
fn email(claims: &CoreIdTokenClaims, info: Option<&CoreUserInfoClaims>) -> (Option<String>, bool) {
    let info_email = info.and_then(|info| info.email()).and_then(address);
    let info_verified = info.and_then(CoreUserInfoClaims::email_verified);
    let (email, verified) = match claims.email().and_then(address) {
        Some(email) => {
            let same = info_email.as_ref() == Some(&email);
            let filled = info_verified.filter(|_| same);
            (Some(email), claims.email_verified().or(filled))
        }
        None => (info_email, info_verified),
    };
    let verified = email.is_some() && verified == Some(true);
    (email, verified)
}

/// An address that is one, or nothing.
fn address(email: &EndUserEmail) -> Option<String> {
    let text = email.trim();
    let fits = text.len() <= MAX_EMAIL
        && text
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    fits.then(|| text.to_owned())
}

/// The name without a language, or else any; on one line.
fn name(claim: &LocalizedClaim<EndUserName>) -> Option<String> {
    let name = claim
        .get(None)
        .or_else(|| claim.iter().next().map(|(_, name)| name))?;
    let line: String = name
        .chars()
        .map(|c| if is_layout(c) { ' ' } else { c })
        .collect();
    let cut: String = line.trim().chars().take(MAX_NAME).collect();
    (!cut.is_empty()).then_some(cut)
}

/// Line ends and the like, and what turns the direction of the text around it.
fn is_layout(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests;
