//! What a username, a password, a name and an address must look like. The messages are for the
//! person who fills in the form.

use latchkey_core::Username;
use zxcvbn::{Score, zxcvbn};

/// How many characters of a password are passed to zxcvbn. If these are hard to guess, so is the
/// password.
const MAX_ESTIMATED_CHARS: usize = 48;
/// The characters that zxcvbn also reads as letters, for example `4` as `a`.
const LETTER_SUBSTITUTES: &str = "4@8({[<36912!|70$5+%";
/// How many different characters of [`LETTER_SUBSTITUTES`] are passed to zxcvbn; `_` replaces the
/// others.
const MAX_SUBSTITUTES: usize = 5;
/// The minimum length of a password, in characters.
const MIN_PASSWORD_CHARS: usize = 8;
/// Longer than any passphrase, and short enough to be hashed quickly.
const MAX_PASSWORD_CHARS: usize = 256;
const MAX_NAME_CHARS: usize = 100;
/// RFC 5321 §4.5.3.1.3.
const MAX_EMAIL_BYTES: usize = 254;

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The name of the field.
    pub field: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

impl FieldError {
    /// An error of this field.
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { field, message }
    }
}

/// A valid username.
pub fn username(text: &str) -> Result<Username, FieldError> {
    let parsed = text.parse();
    parsed.map_err(|error: latchkey_core::InvalidUsername| {
        FieldError::new("username", error.to_string())
    })
}

/// A display name without surrounding space; `None` if it is empty.
pub fn name(text: Option<&str>) -> Result<Option<String>, FieldError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if text.chars().count() > MAX_NAME_CHARS || text.chars().any(char::is_control) {
        let message = format!("use at most {MAX_NAME_CHARS} characters on one line");
        return Err(FieldError::new("name", message));
    }
    Ok(Some(text.to_owned()))
}

/// An email address without surrounding space; `None` if it is empty.
pub fn email(text: Option<&str>) -> Result<Option<String>, FieldError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let has_parts = text
        .rsplit_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    let is_clean = !text
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || "<>,;:\"".contains(c));
    if text.len() > MAX_EMAIL_BYTES || !has_parts || !is_clean {
        let message = "use a complete address, such as ada@example.com";
        return Err(FieldError::new("email", message));
    }
    Ok(Some(text.to_owned()))
}

/// Checks a new password: its length, and that it is hard to guess. `known` is what an attacker
/// would try first: the username, the address, the name, the host.
pub fn password(field: &'static str, password: &str, known: &[&str]) -> Result<(), FieldError> {
    let length = password.chars().count();
    if !(MIN_PASSWORD_CHARS..=MAX_PASSWORD_CHARS).contains(&length) {
        let message = format!("use {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters");
        return Err(FieldError::new(field, message));
    }
    let estimate = zxcvbn(&bounded(password), known);
    if estimate.score() >= Score::Three {
        return Ok(());
    }
    let mut message = String::from("this password is too easy to guess");
    if let Some(feedback) = estimate.feedback() {
        if let Some(warning) = feedback.warning() {
            message.push_str(". ");
            message.push_str(warning.to_string().trim_end_matches('.'));
        }
        for suggestion in feedback.suggestions() {
            message.push_str(". ");
            message.push_str(suggestion.to_string().trim_end_matches('.'));
        }
    }
    Err(FieldError::new(field, message))
}

/// The part of a password that is passed to zxcvbn, which tries every combination of letters that
/// characters like `4` and `@` can stand for. With all of these characters, that takes seconds.
fn bounded(password: &str) -> String {
    let mut substitutes = String::new();
    let bounded = password.chars().take(MAX_ESTIMATED_CHARS).map(|c| {
        if !LETTER_SUBSTITUTES.contains(c) || substitutes.contains(c) {
            return c;
        }
        if substitutes.len() == MAX_SUBSTITUTES {
            return '_';
        }
        substitutes.push(c);
        c
    });
    bounded.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(checked: &str, known: &[&str]) -> Option<String> {
        let error = password("new_password", checked, known).err()?;
        assert_eq!(error.field, "new_password");
        Some(error.message)
    }

    #[test]
    fn security_95_checking_a_password_takes_bounded_time() {
        assert_eq!(bounded("p@$$w0rd"), "p@$$w0rd");
        assert_eq!(
            bounded("4@8({[<3691!|70$5+%2"),
            "4@8({_____________________"[..20]
        );
        assert_eq!(
            bounded(&"ä".repeat(256)).chars().count(),
            MAX_ESTIMATED_CHARS
        );
        let costly = "4@8({[<3691!|70$5+%2".repeat(12);
        assert_eq!(message(&costly, &[]), None);
    }

    #[test]
    fn weak_passwords_are_refused_with_advice() {
        assert_eq!(message("correct horse battery staple", &[]), None);
        assert_eq!(message("lange Türklinken-Passphrase", &[]), None);
        let short = message("Xk9!q", &[]).expect("refused");
        assert_eq!(short, "use 8 to 256 characters");
        let long = "a1!".repeat(100);
        assert!(message(&long, &[]).is_some());
        let common = message("password1", &[]).expect("refused");
        assert!(
            common.starts_with("this password is too easy to guess. "),
            "{common}"
        );
        let own = ["ada.lovelace@example.com", "notes.example.com"];
        assert_eq!(message("Kx3-vostok-lantern", &own), None);
        assert!(message("ada.lovelace@example.com", &own).is_some());
        assert!(message("notes.example.com", &own).is_some());
    }

    #[test]
    fn fields_of_a_form_are_checked() {
        assert_eq!(
            name(Some("  Ada Lovelace ")),
            Ok(Some("Ada Lovelace".into()))
        );
        assert_eq!(name(Some(" ")), Ok(None));
        assert!(name(Some("a\nb")).is_err());
        assert!(name(Some(&"a".repeat(101))).is_err());
        let ada = Some("ada@example.com");
        assert_eq!(email(ada), Ok(ada.map(str::to_owned)));
        assert_eq!(email(None), Ok(None));
        for text in [
            "ada",
            "@example.com",
            "ada@",
            "a b@c",
            "a@b\r\nBcc: x@y",
            "<a@b>",
        ] {
            assert_eq!(
                email(Some(text)).expect_err("refused").field,
                "email",
                "{text}"
            );
        }
        assert!(username("a b").is_err());
    }
}
