//! The tokens as stored in localStorage, and the idempotency key of a refresh in progress.
//!
//! ```
//! use latchkey_client::tokens::Pending;
//!
//! let pending = Pending::new("key".to_owned(), "a.refresh-token.0123456789abcdef");
//! assert!(pending.is_for("a.refresh-token.0123456789abcdef"));
//! assert!(!pending.is_for("another.refresh-token.fedcba9876543210"));
//! ```

use core::fmt;

use latchkey_types::TokenResponse;
use serde::{Deserialize, Serialize};

use crate::claims;

/// The tokens of a session. Stored as one value, so that no tab sees a partial update.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tokens {
    /// Sent with every API request.
    pub access_token: String,
    /// Sent to the token endpoint only.
    pub refresh_token: String,
    /// Expiry of the access token, in milliseconds since 1970 by this browser's clock.
    pub access_expires_at: u64,
    /// Expiry of the refresh token, in milliseconds since 1970 by this browser's clock.
    pub refresh_expires_at: u64,
    /// Lifetime of the access token in milliseconds; 0 if unknown.
    #[serde(default, rename = "access_life")]
    pub access_lifetime: u64,
    /// The user: the `sub` claim of the access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Whether the refresh token is bound to a key of this browser (RFC 9449 §5).
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub bound: bool,
    /// The name of that key; absent in tokens stored by an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The nonce for the next DPoP proof (RFC 9449 §8.2), received with the tokens and shared by all
    /// tabs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
}

/// Omits the tokens, so that they never appear in a console.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("access_expires_at", &self.access_expires_at)
            .field("refresh_expires_at", &self.refresh_expires_at)
            .field("access_lifetime", &self.access_lifetime)
            .field("account", &self.account)
            .field("bound", &self.bound)
            .finish_non_exhaustive()
    }
}

impl Tokens {
    /// Converts a token response. `now` is the time of the request, in milliseconds since 1970.
    pub fn from_response(response: TokenResponse, now: u64) -> Self {
        let until = |seconds: u64| now.saturating_add(seconds.saturating_mul(1000));
        Self {
            access_expires_at: until(response.expires_in),
            refresh_expires_at: until(response.refresh_expires_in),
            access_lifetime: response.expires_in.saturating_mul(1000),
            account: claims::string_claim(&response.access_token, "sub"),
            bound: response.bound,
            key: None,
            nonce: None,
            access_token: response.access_token,
            refresh_token: response.refresh_token,
        }
    }

    /// The name of the key that the tokens are bound to; `None` if they are not bound.
    pub fn key_name(&self) -> Option<&str> {
        self.bound
            .then(|| self.key.as_deref().unwrap_or(crate::dpop::LEGACY_KEY_NAME))
    }

    /// Estimates the server's time in seconds since 1970 when this browser's clock shows `now`
    /// milliseconds, so that DPoP proofs can be dated by the server's clock: the two clocks may
    /// differ by hours. The difference is derived from the access token's expiry, which is known on
    /// both clocks.
    pub fn server_clock(&self, now: u64) -> u64 {
        let now = now / 1000;
        let claims = claims::decode(&self.access_token).map(|decoded| decoded.claims);
        match claims.and_then(|claims| claims.numeric_date("exp")) {
            Some(end) => (end + now).saturating_sub(self.access_expires_at / 1000),
            None => now,
        }
    }
}

/// The `Idempotency-Key` of a refresh that has no response yet, and the refresh token it is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pending {
    /// The idempotency key.
    pub key: String,
    /// The last characters of the refresh token: enough to tell tokens apart, too few to use as a
    /// token.
    pub token: String,
}

impl Pending {
    /// Creates the record for this refresh token.
    pub fn new(key: String, refresh_token: &str) -> Self {
        Self {
            key,
            token: tail(refresh_token).to_owned(),
        }
    }

    /// Whether the key was created for this refresh token.
    pub fn is_for(&self, refresh_token: &str) -> bool {
        self.token == tail(refresh_token)
    }
}

/// The last sixteen characters: part of the signature, so different for every token.
fn tail(token: &str) -> &str {
    let start = token.len().saturating_sub(16);
    token.get(start..).unwrap_or(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response() -> TokenResponse {
        TokenResponse {
            // {"alg":"none"}.{"sub":"ada"}
            access_token: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.x".to_owned(),
            token_type: "Bearer".to_owned(),
            expires_in: 600,
            refresh_token: "a.b.0123456789abcdef".to_owned(),
            refresh_expires_in: 2_592_000,
            bound: false,
            return_to: None,
        }
    }

    #[test]
    fn lifetimes_in_seconds_become_expiry_times_in_milliseconds() {
        let tokens = Tokens::from_response(response(), 1_000);
        assert_eq!(tokens.access_expires_at, 601_000);
        assert_eq!(tokens.access_lifetime, 600_000);
        assert_eq!(tokens.refresh_expires_at, 2_592_001_000);
        assert_eq!(tokens.account.as_deref(), Some("ada"));
    }

    #[test]
    fn a_stored_value_without_newer_fields_is_readable() {
        let json = r#"{"access_token":"a","refresh_token":"r","access_expires_at":1,"refresh_expires_at":2}"#;
        let tokens: Tokens = serde_json::from_str(json).expect("readable");
        assert_eq!((tokens.access_lifetime, tokens.account), (0, None));
    }

    #[test]
    fn only_a_bound_session_stores_the_bound_field() {
        let mut tokens = Tokens::from_response(response(), 0);
        let json = serde_json::to_string(&tokens).expect("written");
        assert!(!json.contains("bound"), "{json}");
        tokens.bound = true;
        let json = serde_json::to_string(&tokens).expect("written");
        assert!(json.contains(r#""bound":true"#), "{json}");
        let read: Tokens = serde_json::from_str(&json).expect("readable");
        assert_eq!(read, tokens);
    }

    #[test]
    fn server_time_is_derived_from_the_expiry_of_the_access_token() {
        let mut tokens = Tokens::from_response(response(), 1_000_000);
        assert_eq!(
            tokens.server_clock(5_000_000),
            5_000,
            "without `exp`, this browser's clock is used"
        );
        // {"alg":"none"}.{"exp":7600}: issued at 7,000 there, at 1,000 here.
        tokens.access_token = "eyJhbGciOiJub25lIn0.eyJleHAiOjc2MDB9.x".to_owned();
        assert_eq!(tokens.server_clock(1_000_000), 7_000);
        assert_eq!(tokens.server_clock(1_100_999), 7_100);
    }

    #[test]
    fn debug_output_contains_no_token() {
        let text = format!("{:?}", Tokens::from_response(response(), 0));
        assert!(
            !text.contains("eyJ") && !text.contains("0123456789"),
            "{text}"
        );
    }

    #[test]
    fn a_pending_key_belongs_to_one_refresh_token() {
        let pending = Pending::new("key".to_owned(), "a.b.0123456789abcdef");
        assert!(pending.is_for("a.b.0123456789abcdef"));
        assert!(!pending.is_for("a.b.0123456789abcdeg"));
        assert!(!pending.is_for(""));
        assert!(!pending.token.contains("a.b"), "{pending:?}");
    }
}
