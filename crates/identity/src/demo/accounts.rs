//! The users of the demo provider: two listed accounts, and any other email address.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::error::DemoError;

/// The longest email address, in bytes (RFC 5321 §4.5.3.1.3).
const MAX_EMAIL_BYTES: usize = 254;

/// An account listed on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoAccount {
    /// The display name.
    pub name: &'static str,
    /// The email address.
    pub email: &'static str,
}

pub(super) const ACCOUNTS: [DemoAccount; 2] = [
    DemoAccount {
        name: "Ada Lovelace",
        email: "ada@example.com",
    },
    DemoAccount {
        name: "Grace Hopper",
        email: "grace@example.com",
    },
];

/// A user of the demo provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DemoUser {
    email: String,
}

impl DemoUser {
    /// The user with this email address, case-insensitively.
    pub(super) fn new(email: &str) -> Result<Self, DemoError> {
        let email = email.trim().to_lowercase();
        let plain = !email.chars().any(|c| c.is_control() || c.is_whitespace());
        match email.split_once('@') {
            Some((local, domain))
                if plain
                    && email.len() <= MAX_EMAIL_BYTES
                    && !local.is_empty()
                    && !domain.is_empty()
                    && !domain.contains('@') =>
            {
                Ok(Self { email })
            }
            _ => Err(DemoError::Email),
        }
    }

    /// The user's claims (Core §5.1).
    pub(super) fn claims(&self) -> Value {
        json!({
            "sub": self.subject(),
            "email": self.email,
            "email_verified": true,
            "name": self.name(),
        })
    }

    /// The subject. It depends only on the address, so that it survives restarts.
    fn subject(&self) -> String {
        let text = format!("latchkey demo account {}", self.email);
        URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
    }

    /// The listed name, or one derived from the address: `mary.jackson@…` is Mary Jackson.
    fn name(&self) -> String {
        if let Some(account) = ACCOUNTS.iter().find(|account| account.email == self.email) {
            return account.name.to_owned();
        }
        let local = self.email.split(['@', '+']).next().unwrap_or_default();
        let words: Vec<String> = local
            .split(['.', '_', '-'])
            .filter(|word| !word.is_empty())
            .map(|word| {
                let mut letters = word.chars();
                letters
                    .next()
                    .into_iter()
                    .flat_map(char::to_uppercase)
                    .chain(letters)
                    .collect()
            })
            .collect();
        if words.is_empty() {
            self.email.clone()
        } else {
            words.join(" ")
        }
    }
}
