//! Roles and claims that the application adds to access tokens.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use latchkey_core::{Timestamp, User};
use latchkey_tokens::access::RESERVED_CLAIMS;
use serde::Serialize;
use serde_json::{Map, Value};

/// The most that roles and claims of one user may take in a token, in bytes of JSON: a token is sent
/// with every request, and servers accept 8 KiB of it at most.
pub const MAX_CLAIMS_BYTES: usize = 2048;

/// The function given to `Builder::claims`.
pub(crate) type ClaimsHook =
    Arc<dyn Fn(User, Timestamp) -> BoxFuture<'static, Result<Claims, ClaimsError>> + Send + Sync>;

/// Roles and claims for the access tokens of one user.
///
/// ```
/// use latchkey_axum::Claims;
///
/// let claims = Claims::new().role("editor").claim("plan", "pro");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Claims {
    roles: Vec<String>,
    extra: Map<String, Value>,
    invalid: Option<String>,
}

impl Claims {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a role. The role `admin` opens `/api/admin`.
    #[must_use]
    pub fn role(self, role: impl Into<String>) -> Self {
        self.roles([role])
    }

    /// Adds several roles.
    #[must_use]
    pub fn roles<R: Into<String>>(mut self, roles: impl IntoIterator<Item = R>) -> Self {
        self.add_roles(roles.into_iter().map(Into::into));
        self
    }

    /// Adds a claim of the application, which `User::claim` reads. Names of registered claims such as
    /// `sub` or `exp` are refused when the token is issued, and so is a value that JSON cannot hold.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Serialize) -> Self {
        if RESERVED_CLAIMS.contains(&name) {
            self.invalid = Some(format!("the claim name {name:?} is reserved"));
        }
        match serde_json::to_value(value) {
            Ok(value) => {
                self.extra.insert(name.to_owned(), value);
            }
            Err(error) => {
                self.invalid = Some(format!("the claim {name:?} cannot be written: {error}"));
            }
        }
        self
    }

    pub(crate) fn add_roles(&mut self, roles: impl IntoIterator<Item = String>) {
        for role in roles {
            if !self.roles.contains(&role) {
                self.roles.push(role);
            }
        }
    }

    /// Refuses what no token may carry.
    pub(crate) fn checked(self) -> Result<Self, ClaimsError> {
        if let Some(reason) = self.invalid {
            return Err(ClaimsError::Unavailable(reason));
        }
        let roles: usize = self.roles.iter().map(|role| role.len() + 3).sum();
        let extra = serde_json::to_vec(&self.extra).map_or(usize::MAX, |json| json.len());
        let bytes = roles.saturating_add(extra);
        if bytes > MAX_CLAIMS_BYTES {
            let reason =
                format!("roles and claims take {bytes} bytes, more than {MAX_CLAIMS_BYTES}");
            return Err(ClaimsError::Unavailable(reason));
        }
        Ok(self)
    }

    pub(crate) fn into_roles(self) -> Vec<String> {
        self.roles
    }

    pub(crate) fn into_parts(self) -> (Vec<String>, Map<String, Value>) {
        (self.roles, self.extra)
    }
}

/// Why the application gives a user no token.
///
/// Any error converts into [`Unavailable`](Self::Unavailable), so `?` works in the function given to
/// `Builder::claims`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimsError {
    /// The user may not sign in or go on: the sign-in is refused, and a refresh ends the session. The
    /// text is for the log.
    Refused(String),
    /// Roles and claims cannot be determined now: the request fails with 503 and can be repeated.
    /// Nothing is used up. The text is for the log.
    Unavailable(String),
}

impl ClaimsError {
    /// A refusal for this reason.
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::Refused(reason.into())
    }
}

impl std::fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(reason) => write!(f, "the application refused the user: {reason}"),
            Self::Unavailable(reason) => {
                write!(f, "the application could not determine claims: {reason}")
            }
        }
    }
}

impl<E: std::error::Error> From<E> for ClaimsError {
    fn from(error: E) -> Self {
        Self::Unavailable(error.to_string())
    }
}
