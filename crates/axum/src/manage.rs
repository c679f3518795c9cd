//! What the application's own code can do with users and sessions: the same acts as the admin API.

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

    /// The users with this email address, from whichever provider and verified or not. To choose from,
    /// never to decide by.
    pub async fn with_email(&self, email: &str) -> Result<Vec<User>, StoreError> {
        self.0.store.users_by_email(email.to_owned()).await
    }

    /// Bans a user: ends all sessions and refuses every access token from now on. Returns how many
    /// sessions that ended.
    pub async fn ban(&self, id: UserId, reason: &str) -> Result<usize, OperatorError> {
        Act::online(self.0, Actor::Application)
            .ban(id, reason)
            .await
    }

    /// Lifts a ban and returns whether there was one.
    pub async fn unban(&self, id: UserId) -> Result<bool, OperatorError> {
        Act::online(self.0, Actor::Application).unban(id).await
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

    /// Ends a session: none of its tokens works after this returns. `false` if it is not known.
    pub async fn end(&self, session: SessionId) -> Result<bool, StoreError> {
        let services = self.0;
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

    /// Ends all sessions of a user and returns how many.
    pub async fn end_all(&self, user: UserId) -> Result<usize, OperatorError> {
        Act::online(self.0, Actor::Application)
            .end_sessions(user)
            .await
    }
}

/// Acts that concern everyone. See `Latchkey::operator`.
#[derive(Clone, Copy, Debug)]
pub struct Operator<'a>(pub(crate) &'a Arc<Services>);

impl Operator<'_> {
    /// Ends everyone's sessions. All tokens are refused when this returns; the records follow in the
    /// background.
    pub async fn end_everyone(&self) -> Result<(), OperatorError> {
        operator::end_everyone(self.0, Actor::Application).await
    }

    /// Adds a signing key that signs once verifiers had time to fetch it, and returns its id.
    pub async fn rotate_keys(&self) -> Result<String, KeysError> {
        let services = self.0;
        let now = services.clock.now();
        services.signing_keys.rotate(&*services.store, now).await
    }

    /// A backup, read in pages while everything goes on.
    pub fn export(&self) -> Export {
        self.0.export()
    }
}
