//! The two ends of a sign-in that the browser holds: the link that starts it, and the query that
//! the provider sends the person back with.

use latchkey_core::ReturnTo;
use latchkey_types::paths;

/// The address that starts a sign-in with this provider and comes back to `return_to`.
pub fn login_href(provider: &str, return_to: &str) -> String {
    let pairs = [("provider", provider), ("return_to", return_to)];
    query(paths::LOGIN, &pairs)
}

/// As [`login_href`], for those who are signed in and must prove once more who they are (RFC
/// 9470): the provider is to ask them, unless it did within the last ten minutes. Only the account
/// of this `sub` will do.
pub fn step_up_href(provider: &str, account: &str, return_to: &str) -> String {
    let pairs = [
        ("provider", provider),
        ("prompt", "login"),
        ("max_age", "600"),
        ("account", account),
        ("return_to", return_to),
    ];
    query(paths::LOGIN, &pairs)
}

/// Whether this address starts a sign-in.
pub fn is_login_href(href: &str) -> bool {
    let query = href.strip_prefix(paths::LOGIN);
    query.is_some_and(|query| query.starts_with('?'))
}

/// `wanted` if it is a path of this site that a person can be sent to, `/account` otherwise: an
/// address someone else made up must not lead away from here.
pub fn local_path(wanted: &str) -> &str {
    match wanted.parse::<ReturnTo>() {
        Ok(_) => wanted,
        Err(_) => "/account",
    }
}

/// The query of `/callback`, and where it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallbackQuery {
    /// The authorization code (RFC 6749 §4.1.2).
    pub code: Option<String>,
    /// What the sign-in was begun with.
    pub state: Option<String>,
    /// Who answers (RFC 9207).
    pub iss: Option<String>,
    /// What went wrong, by the provider's word or the server's.
    pub error: Option<String>,
    /// What the provider says about it; compared with what is known, never shown.
    pub error_description: Option<String>,
    /// Address of the page without its query: the redirect URI that the provider came back to.
    pub redirect_uri: Option<String>,
}

/// A path with a query.
pub(crate) fn query(path: &str, pairs: &[(&str, &str)]) -> String {
    format!("{path}?{}", form(pairs))
}

/// A form body: pairs, percent-encoded.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let mut body = String::new();
    for (name, value) in pairs {
        if !body.is_empty() {
            body.push('&');
        }
        encode(name, &mut body);
        body.push('=');
        encode(value, &mut body);
    }
    body
}

/// Leaves what means nothing in a query as it is, slashes too, and encodes the rest.
fn encode(text: &str, into: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            into.push(char::from(byte));
        } else {
            into.push('%');
            into.push(char::from(HEX[usize::from(byte >> 4)]));
            into.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

/// The header of a form body.
pub(crate) fn form_header() -> (&'static str, String) {
    let form = "application/x-www-form-urlencoded";
    ("Content-Type", form.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_names_provider_and_way_back() {
        assert_eq!(
            login_href("google", "/account"),
            "/auth/login?provider=google&return_to=/account"
        );
    }

    #[test]
    fn a_step_up_asks_for_a_fresh_sign_in_and_comes_back() {
        assert_eq!(
            step_up_href("google", "a-user", "/sessions?resume=end-others"),
            "/auth/login?provider=google&prompt=login&max_age=600&account=a-user\
         &return_to=/sessions%3Fresume%3Dend-others"
        );
    }

    #[test]
    fn what_means_something_in_a_query_is_encoded() {
        assert_eq!(
            login_href("a&b", "/x?y=1&z=ä#f"),
            "/auth/login?provider=a%26b&return_to=/x%3Fy%3D1%26z%3D%C3%A4%23f"
        );
    }

    #[test]
    fn a_form_keeps_its_values_apart() {
        assert_eq!(
            form(&[("code", "a+b c"), ("state", "=&")]),
            "code=a%2Bb%20c&state=%3D%26"
        );
        assert_eq!(form(&[]), "");
    }

    #[test]
    fn only_paths_of_this_site_are_gone_to() {
        assert_eq!(local_path("/playground?x=1"), "/playground?x=1");
        for foreign in [
            "",
            "https://example.com",
            "//example.com",
            "/\\example.com",
            "/callback",
        ] {
            assert_eq!(local_path(foreign), "/account", "{foreign}");
        }
    }

    #[test]
    fn only_what_starts_a_sign_in_is_the_address_of_one() {
        assert!(is_login_href(&login_href("google", "/account")));
        assert!(is_login_href(&step_up_href(
            "google",
            "a-user",
            "/sessions"
        )));
        for other in [
            "",
            "/",
            "/auth/login",
            "/auth/logins?provider=google",
            "https://example.com/auth/login?provider=google",
            "//example.com/auth/login?",
            "javascript:/auth/login?",
        ] {
            assert!(!is_login_href(other), "{other}");
        }
    }
}
