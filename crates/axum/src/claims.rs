//! Roles and claims that the application adds to access tokens.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use latchkey_core::{Timestamp, User};
use latchkey_tokens::access::RESERVED_CLAIMS;
use serde::Serialize;
use serde_json::{Map, Value};

/// The maximum size of a user's roles and claims in a token, in bytes of JSON. If they are larger,
/// no token is issued and the response is 503. Tokens are sent with every request, and many servers
/// limit request headers to 8 KiB.
pub const MAX_CLAIMS_BYTES: usize = 2048;

/// The maximum nesting depth of a claim. Verifiers have such a limit, too.
const MAX_DEPTH: usize = 16;

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
    /// No roles and no claims.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a role. The role `admin` gives access to `/api/admin`.
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

    /// Adds a claim, which `User::claim` reads. If the name is reserved, such as `sub` or `exp`, or
    /// the value cannot be serialized as JSON, no token is issued: sign-ins and refreshes fail with
    /// 503, and the log contains the reason.
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
                self.invalid = Some(format!("the claim {name:?} cannot be serialized: {error}"));
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

    /// Fails if these claims cannot be put into a token.
    pub(crate) fn checked(self) -> Result<Self, ClaimsError> {
        if let Some(reason) = self.invalid {
            return Err(ClaimsError::Unavailable(reason));
        }
        let json = serde_json::to_vec(&(&self.roles, &self.extra));
        let bytes = json.map_or(usize::MAX, |json| json.len());
        if self.extra.values().any(|value| depth(value) > MAX_DEPTH) {
            let reason = format!("a claim is nested deeper than {MAX_DEPTH} levels");
            return Err(ClaimsError::Unavailable(reason));
        }
        if bytes > MAX_CLAIMS_BYTES {
            let reason =
                format!("roles and claims take up {bytes} bytes; the limit is {MAX_CLAIMS_BYTES}");
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

/// The number of nested arrays and objects in a value.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Why the application returned no claims for a user. No token is issued.
///
/// Every type that implements [`std::error::Error`] converts into
/// [`Unavailable`](Self::Unavailable), so `?` works in the function given to `Builder::claims`.
/// `anyhow::Error` and boxed errors do not implement it; use `.map_err(|error|
/// ClaimsError::Unavailable(error.to_string()))`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimsError {
    /// The user is not allowed to sign in: a sign-in is refused, and a refresh ends the session. At
    /// routes for administrators, the user has no roles, so the response is 403. The text is only
    /// logged.
    Refused(String),
    /// Roles and claims cannot be determined now: the response is 503. A refresh can be repeated,
    /// because the token is not rotated; a sign-in must be started again. The text is only logged.
    Unavailable(String),
}

impl ClaimsError {
    /// [`Unavailable`](Self::Unavailable) for this reason, for errors that `?` does not convert.
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable(reason.into())
    }

    /// [`Refused`](Self::Refused) for this reason.
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::Refused(reason.into())
    }
}

impl std::fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(reason) => write!(f, "the application refused the user: {reason}"),
            Self::Unavailable(reason) => write!(f, "claims are not available: {reason}"),
        }
    }
}

impl<E: std::error::Error> From<E> for ClaimsError {
    fn from(error: E) -> Self {
        Self::Unavailable(error.to_string())
    }
}
