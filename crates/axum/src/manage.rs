//! What the application's own code can do with users, sessions and signing keys: what an operator
//! can do over the admin API or at the command line.
//!
//! Each act that changes something runs to completion even if the caller stops waiting for it: what
//! the store has must reach the denylist in memory.

use std::panic::resume_unwind;
use std::sync::Arc;

use latchkey_core::{Device, EndReason, SessionId, User, UserId};
use latchkey_store::{EndSession, LiveSession, StoreError};

use crate::backup::Export;
use crate::event::Event;
use crate::services::Services;
use crate::services::signing_keys::KeysError;
use crate::use_cases::operator::{self, Actor, Operator as Act, OperatorError};

/// Users. See `Latchkey::users`.
#[derive(Clone, Copy, Debug)]
pub struct Users<'a>(pub(crate) &'a Arc<Services>);

impl Users<'_> {
    /// The user with this id.
    pub async fn get(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.0.store.user(id).await
    }

    /// The users with this email address, from any provider, verified or not. Let a person choose
    /// one of them; never authorize by it.
    pub async fn with_email(&self, email: &str) -> Result<Vec<User>, StoreError> {
        self.0.store.users_by_email(email.to_owned()).await
    }

    /// Bans a user: all sessions end, and sign-ins are refused until [`unban`](Self::unban). When
    /// this returns, no access token of the user is accepted. Returns the number of sessions that
    /// ended. `reason` has 1 to 500 characters. It is an error if the user does not exist. The
    /// reason has 1 to 500 characters.
    pub async fn ban(&self, id: UserId, reason: &str) -> Result<usize, OperatorError> {
        let (services, reason) = (Arc::clone(self.0), reason.to_owned());
        to_completion(async move {
            let act = Act::online(&services, Actor::Application);
            act.ban(id, &reason).await
        })
        .await
    }

    /// Lifts a ban and returns whether there was one. It is an error if the user does not exist.
    pub async fn unban(&self, id: UserId) -> Result<bool, OperatorError> {
        let services = Arc::clone(self.0);
        to_completion(async move {
            let act = Act::online(&services, Actor::Application);
            act.unban(id).await
        })
        .await
    }
}

/// Sessions. See `Latchkey::sessions`.
#[derive(Clone, Copy, Debug)]
pub struct Sessions<'a>(pub(crate) &'a Arc<Services>);

impl Sessions<'_> {
    /// The live sessions of a user.
    pub async fn of_user(&self, user: UserId) -> Result<Vec<LiveSession>, StoreError> {
        let services = self.0;
        let now = services.clock.now();
        services.store.live_sessions(user, now).await
    }

    /// Ends a session. When this returns, none of its tokens is accepted. `false` if there is no
    /// such session.
    pub async fn end(&self, session: SessionId) -> Result<bool, StoreError> {
        let services = Arc::clone(self.0);
        to_completion(async move { end(&services, session).await }).await
    }

    /// Ends all sessions of a user and returns how many.
    pub async fn end_all(&self, user: UserId) -> Result<usize, OperatorError> {
        let services = Arc::clone(self.0);
        to_completion(async move {
            let act = Act::online(&services, Actor::Application);
            act.end_sessions(user).await
        })
        .await
    }
}

async fn end(services: &Services, session: SessionId) -> Result<bool, StoreError> {
    let reason = EndReason::EndedByOperator;
    let end = EndSession {
        session,
        of: None,
        reason,
        device: Device::default(),
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

/// Actions that concern all users. See `Latchkey::operator`.
#[derive(Clone, Copy, Debug)]
pub struct Operator<'a>(pub(crate) &'a Arc<Services>);

impl Operator<'_> {
    /// Ends all sessions of all users. When this returns, all their tokens are refused; the session
    /// records are updated in the background.
    pub async fn end_everyone(&self) -> Result<(), OperatorError> {
        let services = Arc::clone(self.0);
        to_completion(async move { operator::end_everyone(&services, Actor::Application).await })
            .await
    }

    /// Adds a signing key and returns its id (`kid`). It is published at once and signs after ten
    /// minutes, so that verifiers have time to fetch it.
    pub async fn rotate_keys(&self) -> Result<String, KeysError> {
        let services = Arc::clone(self.0);
        to_completion(async move {
            let now = services.clock.now();
            services.signing_keys.rotate(&*services.store, now).await
        })
        .await
    }

    /// A backup as JSON lines, made while the server runs: call `next` until it returns `None`.
    /// `latchkey import` restores it.
    pub fn export(&self) -> Export {
        self.0.export()
    }
}

/// Runs a change in a task of its own, which goes on if this future is dropped.
async fn to_completion<T: Send + 'static>(act: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(act).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is shutting down, and this future with it.
            Err(_) => core::future::pending().await,
        },
    }
}
