//! A sign-in in progress. Sealing it into a cookie is done by `latchkey-tokens`.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{SessionId, UserId};

/// How long a sign-in may take, from its start until the browser returns from the provider.
pub const FLOW_TTL: Duration = Duration::from_mins(10);

/// The state of a sign-in while the browser is at the provider. The server does not store it; it is
/// sealed into a cookie.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginFlow {
    /// The configured name of the provider.
    pub provider: String,
    /// Returned in the ID token (OpenID Connect Core §3.1.2.1).
    pub nonce: String,
    /// The PKCE verifier: proves to the provider that the client that redeems the code is the one
    /// that requested it (RFC 7636).
    pub verifier: String,
    /// Where to go after the sign-in.
    pub return_to: ReturnTo,
    /// The maximum age of the authentication at the provider, in seconds (OpenID Connect Core
    /// §3.1.2.1); `None` for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    /// For a step-up: the user who must authenticate again. A sign-in by another user is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<UserId>,
    /// For linking: the account that gets the identity. A flow with this field can only link, and a
    /// flow without it cannot link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkTarget>,
    /// When the sign-in expires.
    pub expires_at: Timestamp,
}

/// The user and session of a flow that links an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkTarget {
    /// The user who gets the identity.
    #[serde(rename = "sub")]
    pub user: UserId,
    /// The session that began the flow, which must also complete it.
    #[serde(rename = "sid")]
    pub session: SessionId,
}

impl fmt::Debug for LoginFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginFlow")
            .field("provider", &self.provider)
            .field("return_to", &self.return_to)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// A path of this site to go to after signing in. A string that a browser could interpret as
/// another origin is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReturnTo(String);

/// The text is not a path of this site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidReturnTo;

impl fmt::Display for InvalidReturnTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "return_to must be a path of this site, such as /account: it begins with one slash, \
             has no empty or dot segments, no backslashes or double quotes, and no encoded \
             slashes, backslashes, dots, percent signs or control characters, does not lead to \
             /auth/ or /callback, and is at most 512 visible ASCII characters long",
        )
    }
}

impl core::error::Error for InvalidReturnTo {}

impl ReturnTo {
    /// The default: the account page.
    pub fn account() -> Self {
        Self("/account".to_owned())
    }

    /// The path, with its query if it has one.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ReturnTo {
    type Err = InvalidReturnTo;

    fn from_str(text: &str) -> Result<Self, InvalidReturnTo> {
        let path_end = text.find(['?', '#']).unwrap_or(text.len());
        let path = text[..path_end].to_ascii_lowercase();
        // Encoded separators, dots and control characters, and `%25`, which could hide them from a
        // single decoding.
        let encoded = ["%2f", "%5c", "%25", "%2e", "%0", "%1"];
        let fits = text.len() <= 512
            && path.starts_with('/')
            && text.chars().all(|c| c.is_ascii_graphic() && !['\\', '"'].contains(&c))
            && !path.contains("//")
            && !path.split('/').any(|segment| segment == "." || segment == "..")
            && !encoded.iter().any(|form| path.contains(form))
            // Going there would start another sign-in, or fail to finish one.
            && !path.starts_with("/auth/")
            && path != "/callback"
            && !path.starts_with("/callback/");
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidReturnTo)
        }
    }
}

impl TryFrom<String> for ReturnTo {
    type Error = InvalidReturnTo;

    fn try_from(text: String) -> Result<Self, InvalidReturnTo> {
        text.parse()
    }
}

impl From<ReturnTo> for String {
    fn from(return_to: ReturnTo) -> Self {
        return_to.0
    }
}

#[cfg(test)]
mod tests {
    use super::ReturnTo;

    #[test]
    fn local_paths_are_accepted() {
        for path in [
            "/",
            "/account",
            "/sessions?all=1",
            "/a/b-c_d.e",
            "/account?next=%2Fx#top",
        ] {
            assert!(path.parse::<ReturnTo>().is_ok(), "{path} was refused");
        }
    }

    #[test]
    fn security_14_paths_that_could_leave_the_site_are_refused() {
        let long = format!("/{}", "a".repeat(600));
        let texts = [
            "",
            "account",
            "https://evil.example",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/%2fevil.example",
            "/%2Fevil.example",
            "/%5cevil.example",
            "/%252fevil.example",
            "/..//evil.example",
            "/.//evil.example",
            "/%2e%2e//evil.example",
            "/a/../b",
            "/\t/evil.example",
            "/\n//evil.example",
            "/a b",
            "/account?a=\"",
            "/é",
            "javascript:alert(1)",
            "/auth/login?provider=demo",
            "/callback",
            "/callback?code=x",
            "/callback/google",
            "/CALLBACK/google?code=x",
            "/%09/evil.example",
            "/%00",
            &long,
        ];
        for text in texts {
            assert!(text.parse::<ReturnTo>().is_err(), "{text:?} was accepted");
        }
    }
}
