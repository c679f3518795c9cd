//! The browser's two parts of a sign-in: the link that starts it, and the query parameters that
//! the provider redirects back with.
//!
//! ```
//! use latchkey_client::sign_in::{local_path, login_href};
//!
//! let href = login_href("google", "/account");
//! assert_eq!(href, "/auth/login?provider=google&return_to=/account");
//! assert_eq!(local_path("https://evil.example"), "/account");
//! ```

use latchkey_core::ReturnTo;
use latchkey_types::paths;

/// The provider of sessions that were opened with a password.
pub const LOCAL: &str = "local";

/// The URL that starts a sign-in at this provider and then returns to `return_to`.
pub fn login_href(provider: &str, return_to: &str) -> String {
    let pairs = [("provider", provider), ("return_to", return_to)];
    query(paths::LOGIN, &pairs)
}

/// The URL of a page of this site that continues to `return_to`.
pub fn page_href(page: &str, return_to: &str) -> String {
    query(page, &[("return_to", return_to)])
}

/// The URL for a step-up (RFC 9470): like [`login_href`], but for a user who is already signed in
/// and must authenticate again. `prompt=login` makes the provider ask for credentials, and with
/// `max_age=600` an authentication that is older than ten minutes is refused. Only the user with
/// this `sub` is accepted. The user of a local account enters the password on a page of this site.
pub fn step_up_href(provider: &str, account: &str, return_to: &str) -> String {
    if provider == LOCAL {
        return page_href(paths::CONFIRM_PAGE, return_to);
    }
    let pairs = [
        ("provider", provider),
        ("prompt", "login"),
        ("max_age", "600"),
        ("account", account),
        ("return_to", return_to),
    ];
    query(paths::LOGIN, &pairs)
}

/// Whether this URL starts a sign-in.
pub fn is_login_href(href: &str) -> bool {
    let query = href.strip_prefix(paths::LOGIN);
    query.is_some_and(|query| query.starts_with('?'))
}

/// Returns `path` if it is a path on this site that is safe to redirect to, `/account`
/// otherwise. Prevents open redirects.
pub fn local_path(path: &str) -> &str {
    match path.parse::<ReturnTo>() {
        Ok(_) => path,
        Err(_) => "/account",
    }
}

/// The query parameters of `/callback`, and the URL they were read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallbackQuery {
    /// The authorization code (RFC 6749 §4.1.2).
    pub code: Option<String>,
    /// The `state` that the sign-in was started with.
    pub state: Option<String>,
    /// The issuer that redirected here (RFC 9207).
    pub iss: Option<String>,
    /// The error code of the provider or of this server.
    pub error: Option<String>,
    /// The provider's description of the error. Compared with known values, never displayed.
    pub error_description: Option<String>,
    /// The URL of the page without the query: the redirect URI that the provider used.
    pub redirect_uri: Option<String>,
}

/// Appends a query to a path.
pub(crate) fn query(path: &str, pairs: &[(&str, &str)]) -> String {
    format!("{path}?{}", form(pairs))
}

/// Encodes a form body (`application/x-www-form-urlencoded`, spaces as `%20`).
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

/// Percent-encodes everything except unreserved characters and slashes.
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

/// The `Content-Type` header of a form body.
pub(crate) fn form_header() -> (&'static str, String) {
    let form = "application/x-www-form-urlencoded";
    ("Content-Type", form.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn login_link_contains_provider_and_return_path() {
        assert_eq!(
            login_href("google", "/account"),
            "/auth/login?provider=google&return_to=/account"
        );
    }

    #[test]
    fn step_up_link_requires_a_fresh_sign_in_and_returns() {
        assert_eq!(
            step_up_href("google", "a-user", "/sessions?resume=end-others"),
            "/auth/login?provider=google&prompt=login&max_age=600&account=a-user\
         &return_to=/sessions%3Fresume%3Dend-others"
        );
    }

    #[test]
    fn step_up_of_a_local_account_stays_on_this_site() {
        assert_eq!(
            step_up_href("local", "a-user", "/sessions?resume=end-others"),
            "/confirm?return_to=/sessions%3Fresume%3Dend-others"
        );
    }

    #[test]
    fn reserved_characters_are_percent_encoded() {
        assert_eq!(
            login_href("a&b", "/x?y=1&z=ä#f"),
            "/auth/login?provider=a%26b&return_to=/x%3Fy%3D1%26z%3D%C3%A4%23f"
        );
    }

    #[test]
    fn form_values_are_percent_encoded() {
        assert_eq!(
            form(&[("code", "a+b c"), ("state", "=&")]),
            "code=a%2Bb%20c&state=%3D%26"
        );
        assert_eq!(form(&[]), "");
    }

    #[test]
    fn local_path_accepts_only_paths_that_are_safe_to_redirect_to() {
        assert_eq!(local_path("/playground?x=1"), "/playground?x=1");
        for refused in [
            "",
            "https://example.com",
            "//example.com",
            "/\\example.com",
            "/callback",
        ] {
            assert_eq!(local_path(refused), "/account", "{refused}");
        }
    }

    #[test]
    fn only_login_links_are_recognized() {
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
