//! Administration by the application's own code: the same actions as in the admin API and on the
//! command line.
//!
//! Each change runs to completion even if the caller drops the future, because a change in the
//! store must also reach the denylist in memory.

use std::panic::resume_unwind;
use std::sync::Arc;

use latchkey_core::{Device, EndReason, Requester, SessionId, User, UserId};
use latchkey_store::{EndSession, ListCursor, ListPage, LiveSession, StoreError, UserQuery};
use tracing::Instrument as _;

use crate::backup::Export;
use crate::event::Event;
use crate::services::Services;
use crate::services::signing_keys::KeysError;
use crate::use_cases::operator::{self, Actor, Operator as Operations, OperatorError};

/// Finds users, bans and unbans them, and grants roles. See `Latchkey::users`.
///
/// ```
/// use latchkey_axum::{Latchkey, MasterKey, OperatorError, Store, UserId};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let auth = Latchkey::builder("http://127.0.0.1:3000")
///     .store(Store::memory())
///     .master_key(MasterKey::random())
///     .open()
///     .await?;
/// let nobody = UserId::from_bytes([7; 16]);
/// assert_eq!(auth.users().get(nobody).await?, None);
/// let result = auth.users().ban(nobody, "spam").await;
/// assert!(matches!(result, Err(OperatorError::UnknownUser(_))));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Users<'a>(pub(crate) &'a Arc<Services>);

impl Users<'_> {
    /// The user with this id.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn get(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.0.store.user(id).await
    }

    /// The users with this email address, from any provider, whether verified or not. Use it to let
    /// an operator choose a user, never to authorize one.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn with_email(&self, email: &str) -> Result<Vec<User>, StoreError> {
        self.0.store.users_by_email(email.to_owned()).await
    }

    /// Bans a user: ends all sessions and refuses sign-ins until [`unban`](Self::unban). Once this
    /// returns, all access tokens of the user are refused. Returns the number of sessions that
    /// ended.
    ///
    /// # Errors
    ///
    /// Returns an error if the user does not exist, `reason` does not have 1 to 500 characters, or
    /// the store fails.
    pub async fn ban(&self, id: UserId, reason: &str) -> Result<usize, OperatorError> {
        let (services, reason) = (Arc::clone(self.0), reason.to_owned());
        to_completion(async move {
            let operator = Operations::online(&services, Actor::Application);
            operator.ban(id, &reason).await
        })
        .await
    }

    /// Up to `limit` users that match the query, and where the next page begins.
    ///
    /// # Errors
    ///
    /// Returns an error if `before` belongs to another query or the store fails.
    pub async fn search(
        &self,
        query: UserQuery,
        before: Option<ListCursor>,
        limit: usize,
    ) -> Result<ListPage<User>, OperatorError> {
        let operator = Operations::online(self.0, Actor::Application);
        operator.users(query, before, limit).await
    }

    /// Replaces the roles that were granted to a user, and returns the user. Access tokens contain
    /// the new roles from the next refresh on. The configuration and the application's own function
    /// can add other roles.
    ///
    /// # Errors
    ///
    /// Returns an error if the user does not exist, there are more than 32 roles, a role is not
    /// valid (1 to 64 of the characters `a-z`, `0-9`, `.`, `_`, `-` and `:`), or the store fails.
    pub async fn set_roles(
        &self,
        id: UserId,
        roles: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<User, OperatorError> {
        let services = Arc::clone(self.0);
        let roles: Vec<String> = roles.into_iter().map(Into::into).collect();
        to_completion(async move {
            let operator = Operations::online(&services, Actor::Application);
            operator.set_roles(id, roles).await
        })
        .await
    }

    /// Lifts a ban and returns whether the user was banned.
    ///
    /// # Errors
    ///
    /// Returns an error if the user does not exist or the store fails.
    pub async fn unban(&self, id: UserId) -> Result<bool, OperatorError> {
        let services = Arc::clone(self.0);
        to_completion(async move {
            let operator = Operations::online(&services, Actor::Application);
            operator.unban(id).await
        })
        .await
    }
}

/// Lists and ends sessions. See `Latchkey::sessions`.
#[derive(Clone, Copy, Debug)]
pub struct Sessions<'a>(pub(crate) &'a Arc<Services>);

impl Sessions<'_> {
    /// The live sessions of a user.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn of_user(&self, user: UserId) -> Result<Vec<LiveSession>, StoreError> {
        let services = self.0;
        let now = services.clock.now();
        services.store.live_sessions(user, now).await
    }

    /// Ends a session. Once this returns, all its tokens are refused. Returns `false` if the session
    /// does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn end(&self, session: SessionId) -> Result<bool, StoreError> {
        let services = Arc::clone(self.0);
        to_completion(async move { end(&services, session).await }).await
    }

    /// Ends all sessions of a user and returns how many were live.
    ///
    /// # Errors
    ///
    /// Returns an error if the user does not exist or the store fails.
    pub async fn end_all(&self, user: UserId) -> Result<usize, OperatorError> {
        let services = Arc::clone(self.0);
        to_completion(async move {
            let operator = Operations::online(&services, Actor::Application);
            operator.end_sessions(user).await
        })
        .await
    }
}

async fn end(services: &Services, session: SessionId) -> Result<bool, StoreError> {
    let reason = EndReason::EndedByOperator;
    let end = EndSession {
        session,
        owner: None,
        reason,
        device: Device::default(),
        actor: Some(Actor::Application),
        note: None,
        now: services.clock.now(),
    };
    let Some(ended) = services.store.end_session(end).await? else {
        return Ok(false);
    };
    services.deny(ended.user, &[ended.denial]);
    if ended.was_live {
        services.report(&Event::SessionEnded {
            user: ended.user,
            session,
            reason,
        });
    }
    Ok(true)
}

/// Performs actions that affect all users. See `Latchkey::operator`.
#[derive(Clone, Copy, Debug)]
pub struct Operator<'a>(pub(crate) &'a Arc<Services>);

impl Operator<'_> {
    /// Ends all sessions of all users. Once this returns, all their tokens are refused; the session
    /// records may still be updated in the background.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn end_everyone(&self) -> Result<(), OperatorError> {
        let services = Arc::clone(self.0);
        to_completion(async move {
            operator::end_everyone(&services, Actor::Application, Device::default()).await
        })
        .await
    }

    /// Adds a signing key and returns the id (`kid`) of the newest key. The key is published
    /// immediately and starts to sign after ten minutes, so that verifiers have time to fetch it.
    ///
    /// If the newest key does not sign yet, adds none and returns the id of that key. Another server
    /// may have added it.
    ///
    /// # Errors
    ///
    /// Returns an error if the key cannot be created or the store fails.
    pub async fn rotate_keys(&self) -> Result<String, KeysError> {
        let services = Arc::clone(self.0);
        let rotated =
            to_completion(async move { operator::rotate_keys(&services, application()).await });
        Ok(rotated.await?.kid)
    }

    /// A backup as JSON lines, made while the server runs: call `next` until it returns `None`.
    /// `latchkey import` restores it.
    pub fn export(&self) -> Export {
        self.0.export(application())
    }
}

fn application() -> Requester {
    Requester {
        actor: Some(Actor::Application),
        device: Device::default(),
    }
}

/// Runs a change in a separate task, which continues if this future is dropped.
async fn to_completion<T: Send + 'static>(change: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(change.in_current_span()).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is shutting down, and this future with it.
            Err(_) => core::future::pending().await,
        },
    }
}
