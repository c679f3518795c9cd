//! Extractors. A handler that takes one of them runs only if the request's access token is
//! accepted.
//!
//! Their type parameter `G` is a type that is extracted from the router's state ([`FromRef`]) and
//! gives access to a [`Guard`]. A crate that wraps a guard can define aliases, so that its users can write just `User`.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use latchkey_core::{SessionId, UserId};
use latchkey_tokens::AccessClaims;
use serde_json::Value;

use crate::access::Verified;
use crate::error::{GuardError, Rejection};
use crate::guard::Guard;

/// The user that the request's access token identifies.
///
/// `Option<User>` is `None` if the request has no token; a request with a token that is not valid
/// is still refused.
///
/// ```
/// use axum::{Router, routing::get};
/// use latchkey_guard::{Guard, User};
///
/// fn routes(guard: Guard) -> Router {
///     Router::new()
///         .route("/hello", get(|user: User| async move { user.id().to_string() }))
///         .with_state(guard)
/// }
/// ```
pub struct User<G = Guard> {
    verified: Arc<Verified>,
    from: PhantomData<fn() -> G>,
}

/// A user who signed in within the last ten minutes (RFC 9470), for actions that cannot be undone.
pub struct Recent<G = Guard>(User<G>);

/// A user with the role `admin` who signed in within the last ten minutes. If the guard has
/// [`CurrentRoles`](crate::CurrentRoles), the user must still have the role at the time of the
/// request.
pub struct Admin<G = Guard>(User<G>);

/// A user with the role `admin`, however long ago the sign-in was: for requests that only read. The
/// role is checked in the same way as for [`Admin`].
pub struct AdminView<G = Guard>(User<G>);

impl<G> User<G> {
    fn new(verified: Arc<Verified>) -> Self {
        Self {
            verified,
            from: PhantomData,
        }
    }

    /// The id of the user (`sub`). It never changes, unlike the email address.
    pub fn id(&self) -> UserId {
        self.verified.sub
    }

    /// The id of the session (`sid`).
    pub fn session_id(&self) -> SessionId {
        self.verified.sid
    }

    /// The email address, if known.
    pub fn email(&self) -> Option<&str> {
        self.verified.email.as_deref()
    }

    /// Whether the provider states that the email address is verified.
    pub fn email_verified(&self) -> bool {
        self.verified.email_verified == Some(true)
    }

    /// The display name, if known.
    pub fn name(&self) -> Option<&str> {
        self.verified.name.as_deref()
    }

    /// The roles in the token, as they were when it was issued.
    pub fn roles(&self) -> &[String] {
        &self.verified.roles
    }

    /// Whether the token has this role.
    pub fn has_role(&self, role: &str) -> bool {
        self.verified.roles.iter().any(|it| it == role)
    }

    /// The value of a claim that the application added to the token.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.verified.extra.get(name)
    }

    /// All claims of the token.
    pub fn claims(&self) -> &AccessClaims {
        &self.verified
    }

    /// The verified token, which handlers can keep.
    pub fn verified(&self) -> &Arc<Verified> {
        &self.verified
    }
}

impl<G> Clone for User<G> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.verified))
    }
}

impl<G> fmt::Debug for User<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id())
            .field("session_id", &self.session_id())
            .finish_non_exhaustive()
    }
}

impl<S, G> FromRequestParts<S> for User<G>
where
    S: Send + Sync,
    G: FromRef<S> + AsRef<Guard> + Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let handle = G::from_ref(state);
        let guard = handle.as_ref();
        let verified = guard.authenticate(parts);
        verified.map(Self::new).map_err(|error| guard.reject(error))
    }
}

impl<S, G> OptionalFromRequestParts<S> for User<G>
where
    S: Send + Sync,
    G: FromRef<S> + AsRef<Guard> + Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        let handle = G::from_ref(state);
        let guard = handle.as_ref();
        match guard.authenticate(parts) {
            Ok(verified) => Ok(Some(Self::new(verified))),
            Err(GuardError::TokenMissing) => Ok(None),
            Err(error) => Err(guard.reject(error)),
        }
    }
}

/// Defines extractors around [`User`] that require more; `$verified` authenticates the request.
macro_rules! stricter_users {
    ($($name:ident = |$guard:ident, $parts:ident| $verified:expr;)*) => {$(
        impl<S, G> FromRequestParts<S> for $name<G>
        where
            S: Send + Sync,
            G: FromRef<S> + AsRef<Guard> + Send + Sync,
        {
            type Rejection = Rejection;

            async fn from_request_parts(
                $parts: &mut Parts,
                state: &S,
            ) -> Result<Self, Rejection> {
                let handle = G::from_ref(state);
                let $guard = handle.as_ref();
                let user = $verified.map(User::new);
                user.map(Self).map_err(|error| $guard.reject(error))
            }
        }

        impl<G> Deref for $name<G> {
            type Target = User<G>;

            fn deref(&self) -> &User<G> {
                &self.0
            }
        }

        impl<G> Clone for $name<G> {
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        impl<G> fmt::Debug for $name<G> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.0).finish()
            }
        }
    )*};
}

stricter_users! {
    Recent = |guard, parts| guard.authenticate_recent(parts);
    Admin = |guard, parts| guard.authenticate_admin(parts).await;
    AdminView = |guard, parts| guard.authenticate_admin_view(parts).await;
}
