//! Opens the session of a user who has authenticated, in whatever way, and issues its tokens.
//! Whether the user has authenticated, and is admitted by the settings, is decided by the callers.

use std::net::IpAddr;

use latchkey_core::session::{Lifetimes, Thumbprint};
use latchkey_core::{
    Denied, EndReason, NotAdmitted, Session, SessionId, SessionOrigin, Timestamp, User,
};
use latchkey_store::{CurrentCredential, Ended, NewSession, OpenOutcome, StoreError};
use latchkey_tokens::KeyError;

use crate::claims::{Claims, ClaimsError};
use crate::event::Event;
use crate::services::Services;
use crate::services::issuer::Tokens;

/// How the user authenticated, and from where.
#[derive(Debug)]
pub struct Opening<'a> {
    /// The provider that authenticated the user.
    pub provider: &'a str,
    /// When the user authenticated, if that is known.
    pub auth_time: Option<Timestamp>,
    /// The key that the session is bound to.
    pub binding: Option<Thumbprint>,
    /// The browser's `User-Agent`.
    pub user_agent: Option<String>,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The id of the request, for the security event.
    pub request_id: Option<String>,
    /// The credential that the user's password was verified against. The session is not opened if
    /// it has changed.
    pub credential: Option<CurrentCredential>,
}

/// Why no session was opened.
#[derive(Debug)]
pub enum OpeningError {
    /// The application refuses the user.
    NotAdmitted(NotAdmitted),
    /// The user is banned.
    Banned,
    /// The user was deleted or no longer has the identity.
    UnknownUser,
    /// The password was changed after it was verified.
    PasswordChanged,
    /// The identity is suspended.
    IdentitySuspended,
    /// The store failed.
    Store(StoreError),
    /// The application could not determine roles and claims.
    Claims(String),
    /// The tokens could not be signed.
    Key(KeyError),
}

impl From<StoreError> for OpeningError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The roles and claims for the tokens of a new session. `user` is the result of
/// [`User::signed_in_with`] for the identity that was used. The user may not be stored yet.
pub async fn claims(services: &Services, user: &User) -> Result<Claims, OpeningError> {
    services.claims_of(user).await.map_err(|error| match error {
        ClaimsError::Refused(reason) => {
            tracing::info!(user = %user.id, reason, "sign-in refused by the application");
            OpeningError::NotAdmitted(NotAdmitted::Application)
        }
        error @ ClaimsError::Unavailable(_) => OpeningError::Claims(error.to_string()),
    })
}

/// Opens a session and issues its tokens with these [`claims`]. If the user has too many sessions,
/// the least recently used ones end.
pub async fn open(
    services: &Services,
    user: &User,
    claims: Claims,
    opening: Opening<'_>,
) -> Result<Tokens, OpeningError> {
    let settings = &services.settings.tokens;
    let lifetimes = Lifetimes {
        access: settings.access_ttl,
        absolute: settings.refresh_ttl,
        idle: settings.idle_ttl,
    };
    let now = services.clock.now();
    let id = SessionId::random(&*services.rng);
    let mut session = Session::open(id, user.id, opening.binding, now, lifetimes);
    session.auth_time = opening.auth_time;
    session.identity = user.identity_number;
    let new = NewSession {
        session,
        origin: SessionOrigin {
            provider: opening.provider.to_owned(),
            user_agent: opening.user_agent,
            address: opening.address.map(|address| address.to_string()),
        },
        max_sessions: services.settings.limits.max_sessions,
        request_id: opening.request_id,
        credential: opening.credential,
    };
    let session = store(services, new).await?;
    let keys = services.guard.keys();
    let expires_at = session.access_until;
    let issued = services
        .issuer
        .issue(keys, &session, user, claims, now, expires_at);
    issued.map_err(OpeningError::Key)
}

/// Stores the session and reports it, and the sessions that were ended to make room for it.
async fn store(services: &Services, new: NewSession) -> Result<Session, OpeningError> {
    let user = new.session.user;
    let opened = match services.store.open_session(new).await? {
        OpenOutcome::Opened(opened) => opened,
        OpenOutcome::Banned => return Err(OpeningError::Banned),
        OpenOutcome::UnknownUser => return Err(OpeningError::UnknownUser),
        OpenOutcome::CredentialChanged => return Err(OpeningError::PasswordChanged),
        OpenOutcome::IdentitySuspended => return Err(OpeningError::IdentitySuspended),
    };
    for ended in opened.displaced {
        let Ended {
            user,
            denial,
            was_live,
        } = ended;
        let denied = denial.denied;
        services.deny(user, &[denial]);
        if was_live && let Denied::Session(session) = denied {
            services.report(&Event::SessionEnded {
                user,
                session,
                reason: EndReason::Displaced,
            });
        }
    }
    let session = opened.session.id;
    tracing::info!(%session, %user, "signed in");
    services.notifier.notify(user);
    services.report(&Event::SignedIn { user, session });
    Ok(opened.session)
}
