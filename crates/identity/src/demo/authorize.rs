//! The authorization endpoint: checks the client's request, and redirects after the user has
//! approved or canceled the sign-in.

use core::fmt;
use core::time::Duration;

use latchkey_core::Timestamp;
use url::Url;

use super::accounts::DemoUser;
use super::error::DemoError;
use super::grant::Grant;
use super::parameters::single;
use super::{CLIENT_ID, DemoProvider, secret};

/// How long a code is valid.
const CODE_LIFETIME: Duration = Duration::from_mins(1);
/// The maximum length of a parameter such as `state`, in bytes.
const MAX_PARAMETER_BYTES: usize = 512;

/// A valid authorization request. The page's form carries it as [`DemoRequest::fields`], and
/// [`DemoProvider::check_authorize`] parses it again.
#[derive(Clone, PartialEq, Eq)]
pub struct DemoRequest {
    redirect_uri: String,
    scope: String,
    state: String,
    nonce: String,
    challenge: String,
}

impl DemoRequest {
    /// Names and values of the form's hidden fields.
    pub fn fields(&self) -> [(&'static str, &str); 8] {
        [
            ("client_id", CLIENT_ID),
            ("redirect_uri", &self.redirect_uri),
            ("response_type", "code"),
            ("scope", &self.scope),
            ("state", &self.state),
            ("nonce", &self.nonce),
            ("code_challenge", &self.challenge),
            ("code_challenge_method", "S256"),
        ]
    }
}

impl fmt::Debug for DemoRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DemoRequest")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

impl DemoProvider {
    /// Checks the parameters of a query or a form; unknown ones are ignored. On error the response
    /// must not be a redirect.
    pub fn check_authorize(&self, query: &[(String, String)]) -> Result<DemoRequest, DemoError> {
        let exactly = |name, wanted: &str| match single(query, name)? {
            Some(value) if value == wanted => Ok(value.to_owned()),
            _ => Err(DemoError::Parameter(name)),
        };
        let text = |name| match single(query, name)? {
            Some(value) if (1..=MAX_PARAMETER_BYTES).contains(&value.len()) => Ok(value.to_owned()),
            _ => Err(DemoError::Parameter(name)),
        };
        exactly("client_id", CLIENT_ID)?;
        let redirect_uri = exactly("redirect_uri", &self.redirect_uri)?;
        exactly("response_type", "code")?;
        exactly("code_challenge_method", "S256")?;
        let scope = text("scope")?;
        if !scope.split(' ').any(|scope| scope == "openid") {
            return Err(DemoError::Parameter("scope"));
        }
        let challenge = text("code_challenge")?;
        // A SHA-256 hash in base64url (RFC 7636 §4.2).
        let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if challenge.len() != 43 || !challenge.bytes().all(alphabet) {
            return Err(DemoError::Parameter("code_challenge"));
        }
        Ok(DemoRequest {
            redirect_uri,
            scope,
            state: text("state")?,
            nonce: text("nonce")?,
            challenge,
        })
    }

    /// The URL to redirect the browser to after the user has chosen the account with this address.
    pub fn approve(
        &self,
        request: &DemoRequest,
        email: &str,
        now: Timestamp,
    ) -> Result<Url, DemoError> {
        let grant = Grant {
            user: DemoUser::new(email)?,
            redirect_uri: request.redirect_uri.clone(),
            scope: request.scope.clone(),
            nonce: request.nonce.clone(),
            challenge: request.challenge.clone(),
            at: now,
        };
        let code = secret(&*self.rng);
        self.issued()
            .codes
            .insert(code.clone(), grant, CODE_LIFETIME, now);
        Ok(self.redirect(request, "code", &code))
    }

    /// The URL to redirect the browser to after the user has canceled the sign-in.
    pub fn refuse(&self, request: &DemoRequest) -> Url {
        self.redirect(request, "error", "access_denied")
    }

    fn redirect(&self, request: &DemoRequest, name: &str, value: &str) -> Url {
        let mut url = self.redirect_url.clone();
        url.query_pairs_mut()
            .append_pair(name, value)
            .append_pair("state", &request.state)
            .append_pair("iss", &self.issuer);
        url
    }
}
