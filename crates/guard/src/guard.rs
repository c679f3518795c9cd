//! Authenticates requests: finds the access token and its proof, and decides whether to accept
//! them.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::OriginalUri;
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HeaderName};
use axum::http::request::Parts;
use latchkey_core::user::ADMIN;
use latchkey_core::{Clock, SessionId, UserId};
use latchkey_tokens::access::Confirmation;
use latchkey_tokens::dpop::{ProofError, Request};

use crate::access::{Authenticator, Verified};
use crate::denylist::Denylist;
use crate::error::{GuardError, Rejection};
use crate::freshness::Freshness;
use crate::keys::Keys;
use crate::problem::RequestId;
use crate::proof::{HolderError, Proofs};
use crate::step_up;

const DPOP: HeaderName = HeaderName::from_static("dpop");

/// Looks up the roles that a user has now, which may differ from those in the user's tokens.
#[async_trait]
pub trait CurrentRoles: Send + Sync {
    /// The current roles of a session's user; empty if the user is unknown or banned, or the session
    /// has ended. An error is text for the log.
    async fn current_roles(&self, user: UserId, session: SessionId) -> Result<Vec<String>, String>;
}

/// The parts of a [`Guard`].
///
/// ```
/// use core::time::Duration;
/// use std::sync::Arc;
///
/// use axum::http::Request;
/// use latchkey_core::{Clock, SigningAlgorithm, Timestamp};
/// use latchkey_guard::{Authenticator, Denylist, Freshness, Guard, GuardParts, Keys, Proofs};
/// use latchkey_tokens::{AccessTokens, KeyRing, MasterKey, SigningKey, SystemRng};
///
/// struct Noon;
///
/// impl Clock for Noon {
///     fn now(&self) -> Timestamp {
///         Timestamp::from_secs(1_800_014_400)
///     }
/// }
///
/// # fn main() -> Result<(), latchkey_tokens::KeyError> {
/// let origin = "https://notes.example.com";
/// let master = MasterKey::random(&SystemRng);
/// let now = Noon.now();
/// let key = SigningKey::generate(SigningAlgorithm::ES256, &master, now, now)?;
/// let guard = Guard::new(GuardParts {
///     authenticator: Authenticator::new(AccessTokens::new(origin, "notes")),
///     keys: Keys::new(KeyRing::open(&[key], &master)?),
///     denylist: Denylist::default(),
///     freshness: Freshness::Embedded,
///     proofs: Proofs::new(&master, Duration::from_mins(10)),
///     clock: Arc::new(Noon),
///     origin: origin.to_owned(),
///     offers_dpop: false,
///     current_roles: None,
/// });
///
/// let (mut parts, ()) = Request::new(()).into_parts();
/// let error = guard.authenticate(&mut parts).err().map(|error| error.code());
/// assert_eq!(error, Some(latchkey_types::ErrorCode::TokenMissing));
/// # Ok(())
/// # }
/// ```
pub struct GuardParts {
    /// Verifies signatures and claims.
    pub authenticator: Authenticator,
    /// The keys that verify access tokens.
    pub keys: Keys,
    /// The denied tokens, sessions and users.
    pub denylist: Denylist,
    /// The age of the denylist.
    pub freshness: Freshness,
    /// Verifies DPoP proofs.
    pub proofs: Proofs,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// The public origin of this service, such as `https://notes.example.com`. DPoP proofs must
    /// name it (`htu`); the `Host` header is ignored.
    pub origin: String,
    /// Whether access tokens can be bound to keys; then challenges offer the DPoP scheme, too.
    pub offers_dpop: bool,
    /// Used by the extractors `Admin` and `AdminView` in addition to the roles in the token. Without
    /// it, a role that was removed remains valid until the token expires.
    pub current_roles: Option<Arc<dyn CurrentRoles>>,
}

/// Authenticates requests by their access tokens. Cheap to clone; all clones share one denylist.
#[derive(Clone)]
pub struct Guard(Arc<GuardParts>);

impl Guard {
    /// Creates a guard from its parts.
    pub fn new(parts: GuardParts) -> Self {
        Self(Arc::new(parts))
    }

    /// The denylist, to add denials to.
    pub fn denylist(&self) -> &Denylist {
        &self.0.denylist
    }

    /// The age of the denylist.
    pub fn freshness(&self) -> &Freshness {
        &self.0.freshness
    }

    /// The keys that verify access tokens.
    pub fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// The DPoP verifier and its replay cache.
    pub fn proofs(&self) -> &Proofs {
        &self.0.proofs
    }

    /// The authenticator, to verify tokens outside of a request.
    pub fn authenticator(&self) -> &Authenticator {
        &self.0.authenticator
    }

    /// Verifies the access token of a request, which is a bearer token (RFC 6750) or bound to a key
    /// (RFC 9449 §7). Only the `Authorization` header is read: RFC 6750 §2.2 and §2.3 are not
    /// supported, because bodies and URLs end up in logs.
    ///
    /// A verified token is stored in the request's extensions, because a DPoP proof is accepted
    /// only once, but several extractors may authenticate the same request.
    ///
    /// # Errors
    ///
    /// Returns an error if the request has no token or is malformed, the token or its proof is
    /// refused, or the denylist is out of date.
    pub fn authenticate(&self, parts: &mut Parts) -> Result<Arc<Verified>, GuardError> {
        if let Some(CachedResult { by, verified }) = parts.extensions.get()
            && Arc::ptr_eq(by, &self.0)
        {
            return Ok(Arc::clone(verified));
        }
        let verified = self.verify(parts)?;
        parts.extensions.insert(CachedResult {
            by: Arc::clone(&self.0),
            verified: Arc::clone(&verified),
        });
        Ok(verified)
    }

    /// Like [`authenticate`](Self::authenticate), and requires a sign-in within the last ten
    /// minutes (RFC 9470).
    ///
    /// # Errors
    ///
    /// Those of `authenticate`, and [`GuardError::StepUp`].
    pub fn authenticate_recent(&self, parts: &mut Parts) -> Result<Arc<Verified>, GuardError> {
        let verified = self.authenticate(parts)?;
        step_up::check(&verified, self.0.clock.now())?;
        Ok(verified)
    }

    /// Like [`authenticate_recent`](Self::authenticate_recent), and requires the role `admin` in
    /// the token and, if [`CurrentRoles`] is set, among the user's current roles.
    ///
    /// # Errors
    ///
    /// Those of `authenticate_recent`, [`GuardError::Forbidden`] and
    /// [`GuardError::RolesUnavailable`].
    pub async fn authenticate_admin(&self, parts: &mut Parts) -> Result<Arc<Verified>, GuardError> {
        // Checked before step-up, so that a user without the role is not asked to sign in again.
        let verified = self.authenticate_admin_view(parts).await?;
        step_up::check(&verified, self.0.clock.now())?;
        Ok(verified)
    }

    /// Like [`authenticate_admin`](Self::authenticate_admin), without the requirement that the
    /// sign-in is recent.
    ///
    /// # Errors
    ///
    /// Returns an error if the request is not authenticated, the user does not have the role
    /// `admin` or no longer has it, or the user's roles cannot be determined.
    pub async fn authenticate_admin_view(
        &self,
        parts: &mut Parts,
    ) -> Result<Arc<Verified>, GuardError> {
        let verified = self.authenticate(parts)?;
        let user = verified.sub;
        let is_admin = |roles: &[String]| roles.iter().any(|role| role == ADMIN);
        if !is_admin(&verified.roles) {
            return Err(GuardError::Forbidden(user));
        }
        if let Some(current) = &self.0.current_roles {
            let roles = current.current_roles(user, verified.sid).await;
            if !is_admin(&roles.map_err(GuardError::RolesUnavailable)?) {
                return Err(GuardError::Forbidden(user));
            }
        }
        Ok(verified)
    }

    /// Builds the response that refuses a request.
    pub fn reject(&self, error: GuardError) -> Rejection {
        let proof_refused = matches!(
            error,
            GuardError::Holder(HolderError::ProofMissing | HolderError::Proof(_))
        );
        let nonce = proof_refused.then(|| self.0.proofs.nonce(self.0.clock.now()));
        Rejection {
            error,
            request_id: RequestId::random(),
            nonce,
            offer_dpop: self.0.offers_dpop,
        }
    }

    /// The URI that a DPoP proof for this request must name (RFC 9449 §4.3, check 9): the public
    /// origin and the path, as the client sent it.
    pub fn proof_uri(&self, parts: &Parts) -> String {
        let uri = parts
            .extensions
            .get()
            .map_or(&parts.uri, |OriginalUri(uri)| uri);
        format!("{}{}", self.0.origin, uri.path())
    }

    fn verify(&self, parts: &Parts) -> Result<Arc<Verified>, GuardError> {
        let (scheme, token) = access_token(&parts.headers)?;
        if parts.uri.query().is_some_and(has_access_token) {
            return Err(GuardError::InvalidRequest(
                "send the access token in the Authorization header only, not in the query",
            ));
        }
        let GuardParts {
            authenticator,
            keys,
            denylist,
            freshness,
            ..
        } = &*self.0;
        let now = self.0.clock.now();
        freshness.check(now)?;
        let verified = authenticator
            .authenticate(token, keys, denylist, now)
            .map_err(|error| match scheme {
                Scheme::Bearer => GuardError::Access(error),
                Scheme::Dpop => GuardError::Holder(error.into()),
            })?;
        // Whether a token is bound depends on the token, not on the current configuration.
        match (scheme, verified.cnf) {
            (Scheme::Bearer, None) => {}
            (Scheme::Bearer, Some(_)) => return Err(HolderError::KeyMismatch.into()),
            (Scheme::Dpop, None) => return Err(HolderError::NotBound.into()),
            (Scheme::Dpop, Some(Confirmation { jkt })) => {
                let proof = proof_header(&parts.headers).map_err(HolderError::Proof)?;
                let proof = proof.ok_or(HolderError::ProofMissing)?;
                let request = Request {
                    method: parts.method.as_str(),
                    uri: &self.proof_uri(parts),
                    // A verified token is valid UTF-8.
                    access_token: str::from_utf8(token).ok(),
                };
                self.0.proofs.holder(proof, &request, jkt, now)?;
            }
        }
        Ok(verified)
    }
}

impl AsRef<Guard> for Guard {
    fn as_ref(&self) -> &Guard {
        self
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("origin", &self.0.origin)
            .field("denylist", &self.0.denylist)
            .finish_non_exhaustive()
    }
}

/// The verified token of a request, in the request's extensions.
#[derive(Clone)]
struct CachedResult {
    /// The guard that verified it. Another guard has its own issuer, keys and denylist.
    by: Arc<GuardParts>,
    verified: Arc<Verified>,
}

/// The `DPoP` header of a request; `None` if it has none.
///
/// # Errors
///
/// Returns an error if the request has several such headers, or the header is not ASCII text.
pub fn proof_header(headers: &HeaderMap) -> Result<Option<&str>, ProofError> {
    let mut values = headers.get_all(DPOP).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(ProofError::Invalid(
            "the request has several DPoP headers; send one",
        ));
    }
    value
        .to_str()
        .map(Some)
        .map_err(|_| ProofError::Invalid("it is not ASCII text"))
}

/// The authentication scheme of a token.
#[derive(Clone, Copy)]
enum Scheme {
    Bearer,
    Dpop,
}

impl Scheme {
    fn from_name(name: &[u8]) -> Option<Self> {
        if name.eq_ignore_ascii_case(b"bearer") {
            Some(Self::Bearer)
        } else if name.eq_ignore_ascii_case(b"dpop") {
            Some(Self::Dpop)
        } else {
            None
        }
    }
}

fn has_access_token(query: &str) -> bool {
    let mut names = query.split('&').map(|pair| pair.split('=').next());
    names.any(|name| name == Some("access_token"))
}

fn access_token(headers: &HeaderMap) -> Result<(Scheme, &[u8]), GuardError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(GuardError::TokenMissing)?.as_bytes();
    if values.next().is_some() {
        return Err(GuardError::InvalidRequest(
            "the request has several Authorization headers; send one",
        ));
    }
    let end = value.iter().position(|byte| *byte == b' ');
    let (scheme, rest) = value.split_at(end.unwrap_or(value.len()));
    // Credentials of another scheme do not count as an access token (RFC 9110 §11.4).
    let scheme = Scheme::from_name(scheme).ok_or(GuardError::TokenMissing)?;
    let token = rest.trim_ascii_start();
    if token.is_empty() || memchr::memchr2(b' ', b',', token).is_some() {
        return Err(GuardError::InvalidRequest(
            "the Authorization header is malformed; send Authorization: Bearer <access token>",
        ));
    }
    Ok((scheme, token))
}
