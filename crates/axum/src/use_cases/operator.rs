//! What an operator does about accounts, over the admin API or from the command line; with a
//! running server or, when none runs, on its store.

use core::time::Duration;
use std::sync::Arc;

use latchkey_core::{Denial, Device, EndReason, Timestamp, User, UserId};
use latchkey_store::{EndSessions, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::services::Services;

/// The longest reason of a ban, in characters.
const LONGEST_REASON: usize = 500;

/// How long a request waits until the end of everyone's sessions stands in all records.
const WRITING: Duration = Duration::from_secs(2);

/// Whom an operator means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The account of this id.
    Id(UserId),
    /// The account with this email address, if it is one.
    Email(String),
}

/// Nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperatorError {
    /// Nobody fits.
    #[error("there is no account {0}")]
    UnknownUser(String),
    /// Several fit.
    #[error("several accounts have the address {email}; choose one of them by its id: {ids}")]
    Several {
        /// The address.
        email: String,
        /// The ids, with what tells them apart.
        ids: String,
    },
    /// The reason is empty or too long.
    #[error("the reason must be 1 to {LONGEST_REASON} characters long")]
    Reason,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Ends everyone's sessions. However many there are, this returns soon after they are over: writing
/// it into their records goes on behind it.
pub async fn end_everyone(state: &Arc<Services>) -> Result<(), OperatorError> {
    Operator::of(state).cut_off_everyone().await?;
    let behind = Arc::clone(state);
    let writing = tokio::spawn(async move {
        if let Err(error) = Operator::of(&behind).write_down_ends().await {
            tracing::warn!(
                %error,
                "everyone's sessions are ended, but not all of their records say so yet"
            );
        }
    });
    // With few sessions, their people see it at once. If it takes longer, it goes on.
    let _ = tokio::time::timeout(WRITING, writing).await;
    Ok(())
}

/// An operator at work.
#[derive(Clone, Copy)]
pub struct Operator<'a> {
    store: &'a dyn Store,
    now: Timestamp,
    /// The server that must hear of it at once.
    server: Option<&'a Services>,
}

impl<'a> Operator<'a> {
    /// Over a running server.
    pub fn of(state: &'a Services) -> Self {
        Self {
            store: &*state.store,
            now: state.clock.now(),
            server: Some(state),
        }
    }

    /// On a store that no server has open.
    pub const fn over(store: &'a dyn Store, now: Timestamp) -> Self {
        Self {
            store,
            now,
            server: None,
        }
    }

    /// The one account that is meant.
    pub async fn find(&self, who: &Who) -> Result<User, OperatorError> {
        let (name, mut found) = match who {
            Who::Id(id) => (id.to_string(), Vec::from_iter(self.store.user(*id).await?)),
            Who::Email(email) => {
                let found = self.store.users_by_email(email.clone()).await?;
                (email.clone(), found)
            }
        };
        if found.len() > 1 {
            let ids = found
                .iter()
                .map(|user| {
                    let verified = if user.email_verified {
                        ""
                    } else {
                        ", not verified"
                    };
                    format!("{} ({}{verified})", user.id, user.identity.issuer)
                })
                .collect::<Vec<_>>()
                .join(", ");
            return Err(OperatorError::Several { email: name, ids });
        }
        found.pop().ok_or(OperatorError::UnknownUser(name))
    }

    /// Bans an account and says how many sessions that ended.
    pub async fn ban(&self, user: UserId, reason: &str) -> Result<usize, OperatorError> {
        let reason = reason.trim();
        if !(1..=LONGEST_REASON).contains(&reason.chars().count()) {
            return Err(OperatorError::Reason);
        }
        let banned = self.store.ban_user(user, reason.to_owned(), self.now).await;
        let banned = banned?.ok_or_else(|| OperatorError::UnknownUser(user.to_string()))?;
        self.tell(user, &banned.denials);
        self.report(&Event::Banned { user });
        tracing::info!(%user, "an account was banned");
        Ok(banned.live)
    }

    /// Lifts a ban and says whether there was one.
    pub async fn unban(&self, user: UserId) -> Result<bool, OperatorError> {
        let lifted = self.store.unban_user(user, self.now).await?;
        let lifted = lifted.ok_or_else(|| OperatorError::UnknownUser(user.to_string()))?;
        self.tell(user, &[]);
        if lifted {
            self.report(&Event::Unbanned { user });
        }
        tracing::info!(%user, lifted, "a ban was lifted");
        Ok(lifted)
    }

    /// Ends an account's sessions and says how many.
    pub async fn end_sessions(&self, user: UserId) -> Result<usize, OperatorError> {
        let end = EndSessions {
            user,
            keep: None,
            reason: EndReason::EndedByOperator,
            device: Device::default(),
            now: self.now,
        };
        let ended = self.store.end_sessions_of(end).await?;
        let ended = ended.ok_or_else(|| OperatorError::UnknownUser(user.to_string()))?;
        self.tell(user, &ended.denials);
        self.report(&Event::SessionsEnded {
            user,
            kept: None,
            reason: EndReason::EndedByOperator,
        });
        tracing::info!(%user, sessions = ended.live, "the operator ended sessions");
        Ok(ended.live)
    }

    /// Ends everyone's sessions and says how many.
    pub async fn end_everyone(&self) -> Result<usize, OperatorError> {
        self.cut_off_everyone().await?;
        self.write_down_ends().await
    }

    async fn cut_off_everyone(&self) -> Result<(), OperatorError> {
        let denial = self.store.end_everyone(self.now).await?;
        if let Some(server) = self.server {
            server.deny_everyone(&denial);
            server.report(&Event::EveryoneEnded);
        }
        Ok(())
    }

    /// All are over by now. That it stands in their records as well frees them sooner, and tells
    /// each person; what is left undone if this fails can be done by the same command again.
    async fn write_down_ends(&self) -> Result<usize, OperatorError> {
        let mut sessions = 0;
        for slice in 0..=u8::MAX {
            for ended in self.store.write_down_ends(slice).await? {
                sessions += usize::from(ended.was_live);
                if ended.denial.outlives_a_cutoff() {
                    self.tell(ended.user, &[ended.denial]);
                }
            }
        }
        tracing::info!(sessions, "the operator ended everyone's sessions");
        Ok(sessions)
    }

    fn report(&self, event: &Event) {
        if let Some(server) = self.server {
            server.report(event);
        }
    }

    fn tell(&self, user: UserId, denials: &[Denial]) {
        if let Some(server) = self.server {
            server.deny(user, denials);
        }
    }
}
