//! Administration: bans and ending sessions, over the admin API or from the command line, through a
//! running server or directly on the store of a stopped one. Each action writes one log line.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

pub use latchkey_core::Actor;
use latchkey_core::{Device, EndReason, Requester, Timestamp, User, UserId};
use latchkey_store::{EndSessions, Ended, Store, StoreError};
use serde::{Deserialize, Serialize};
use tracing::Instrument as _;

use crate::event::Event;
use crate::services::Services;
use crate::services::announce::{Announce, NoServer};

/// The maximum length of the reason for a ban, in characters.
const MAX_REASON_CHARS: usize = 500;

/// How long a request to end all sessions waits until the session records are updated.
const RECORDS_TIMEOUT: Duration = Duration::from_secs(2);

/// After this many consecutive failed shards, the store is considered unreachable.
const MAX_CONSECUTIVE_FAILURES: u32 = 4;

/// Selects the user that a command is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserSelector {
    /// The user with this id.
    Id(UserId),
    /// The user with this email address; an error if several have it.
    Email(String),
}

/// One of several users with the same email address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The user's id.
    pub id: UserId,
    /// The issuer of the user's identity.
    pub issuer: String,
    /// Whether the issuer states that the address is verified.
    pub email_verified: bool,
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verified = if self.email_verified {
            ""
        } else {
            ", not verified"
        };
        write!(f, "{} ({}{verified})", self.id, self.issuer)
    }
}

/// Why an operator's action failed or is incomplete.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperatorError {
    /// No user matches.
    #[error("no user matches {0}")]
    UnknownUser(String),
    /// Several users match.
    #[error(
        "several users have the email address {email}; select one by id: {}",
        join(.candidates)
    )]
    Ambiguous {
        /// The email address.
        email: String,
        /// The users that have it.
        candidates: Vec<Candidate>,
    },
    /// The reason is empty or too long.
    #[error("the reason must be 1 to {MAX_REASON_CHARS} characters long")]
    Reason,
    /// All sessions have ended and their tokens are refused, but some session records do not show
    /// it.
    #[error(
        "all sessions have ended and their tokens are refused, but {failed} of 256 shards of the \
         session records were not updated ({cause}); run the command again"
    )]
    RecordsUnfinished {
        /// How many shards were not updated.
        failed: u32,
        /// The first error.
        cause: StoreError,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn join(candidates: &[Candidate]) -> String {
    let candidates: Vec<_> = candidates.iter().map(ToString::to_string).collect();
    candidates.join(", ")
}

/// Ends all sessions of all users. When this returns, the sessions have ended; their records may
/// still be updated in the background, so this returns soon regardless of the number of sessions.
pub async fn end_everyone(
    services: &Arc<Services>,
    actor: Actor,
    device: Device,
) -> Result<(), OperatorError> {
    let operator = Operator::online(services, actor).from_device(device);
    operator.cut_off_everyone().await?;
    let background = Arc::clone(services);
    let updating = async move {
        let operator = Operator::online(&background, actor);
        if let Err(error) = operator.update_records().await {
            tracing::warn!(%error, "cannot update the records of ended sessions");
        }
    };
    let updating = tokio::spawn(updating.in_current_span());
    // If there are few sessions, all records are updated before this returns. Otherwise the task
    // continues in the background.
    let _ = tokio::time::timeout(RECORDS_TIMEOUT, updating).await;
    Ok(())
}

/// Performs an operator's actions.
#[derive(Clone)]
pub struct Operator<'a> {
    store: &'a dyn Store,
    now: Timestamp,
    announce: &'a dyn Announce,
    actor: Actor,
    device: Device,
}

impl<'a> Operator<'a> {
    /// Through a running server.
    pub fn online(services: &'a Services, actor: Actor) -> Self {
        Self {
            store: &*services.store,
            now: services.clock.now(),
            announce: services,
            actor,
            device: Device::default(),
        }
    }

    /// Records the device from which the operator acts.
    #[must_use]
    pub fn from_device(self, device: Device) -> Self {
        Self { device, ..self }
    }

    fn requester(&self) -> Requester {
        Requester {
            actor: Some(self.actor),
            device: self.device.clone(),
        }
    }

    /// Directly on a store that no server has open.
    pub fn offline(store: &'a dyn Store, now: Timestamp) -> Self {
        Self {
            store,
            now,
            announce: &NoServer,
            actor: Actor::CommandLine,
            device: Device::default(),
        }
    }

    /// The selected user.
    pub async fn find(&self, selector: &UserSelector) -> Result<User, OperatorError> {
        match selector {
            UserSelector::Id(id) => {
                let user = self.store.user(*id).await?;
                user.ok_or_else(|| unknown(*id))
            }
            UserSelector::Email(email) => {
                let mut found = self.store.users_by_email(email.clone()).await?;
                if found.len() > 1 {
                    let candidates = found.into_iter().map(|user| Candidate {
                        id: user.id,
                        issuer: user.identity.issuer,
                        email_verified: user.email_verified,
                    });
                    return Err(OperatorError::Ambiguous {
                        email: email.clone(),
                        candidates: candidates.collect(),
                    });
                }
                let user = found.pop();
                user.ok_or_else(|| OperatorError::UnknownUser(email.clone()))
            }
        }
    }

    /// Bans a user and returns how many live sessions this ended.
    pub async fn ban(&self, user: UserId, reason: &str) -> Result<usize, OperatorError> {
        let reason = reason.trim();
        if !(1..=MAX_REASON_CHARS).contains(&reason.chars().count()) {
            return Err(OperatorError::Reason);
        }
        let banned = self
            .store
            .ban_user(user, reason.to_owned(), None, self.requester(), self.now);
        let banned = banned.await?.ok_or_else(|| unknown(user))?;
        self.announce.deny(user, &banned.denials);
        self.announce.report(&Event::Banned { user });
        self.announce.count_ended(EndReason::Banned, banned.live);
        tracing::info!(%user, by = %self.actor, sessions = banned.live, "user banned");
        Ok(banned.live)
    }

    /// Lifts a ban and returns whether the user was banned.
    pub async fn unban(&self, user: UserId) -> Result<bool, OperatorError> {
        let lifted = self.store.unban_user(user, self.requester(), self.now);
        let lifted = lifted.await?;
        let lifted = lifted.ok_or_else(|| unknown(user))?;
        self.announce.deny(user, &[]);
        if lifted {
            self.announce.report(&Event::Unbanned { user });
        }
        tracing::info!(%user, by = %self.actor, lifted, "user unbanned");
        Ok(lifted)
    }

    /// Ends a user's sessions and returns how many were live.
    pub async fn end_sessions(&self, user: UserId) -> Result<usize, OperatorError> {
        let end = EndSessions {
            user,
            keep: None,
            reason: EndReason::EndedByOperator,
            device: self.device.clone(),
            actor: Some(self.actor),
            now: self.now,
        };
        let ended = self.store.end_sessions_of(end).await?;
        let ended = ended.ok_or_else(|| unknown(user))?;
        self.announce.deny(user, &ended.denials);
        self.announce.report(&Event::SessionsEnded {
            user,
            kept: None,
            reason: EndReason::EndedByOperator,
        });
        self.announce
            .count_ended(EndReason::EndedByOperator, ended.live);
        let sessions = ended.live;
        tracing::info!(%user, by = %self.actor, sessions, "all sessions of the user ended");
        Ok(ended.live)
    }

    /// Ends all sessions of all users and returns how many were live.
    pub async fn end_everyone(&self) -> Result<usize, OperatorError> {
        self.cut_off_everyone().await?;
        self.update_records().await
    }

    async fn cut_off_everyone(&self) -> Result<(), OperatorError> {
        let denial = self.store.end_everyone(self.requester(), self.now).await?;
        self.announce.deny_everyone(&denial);
        self.announce.report(&Event::EveryoneEnded);
        tracing::info!(by = %self.actor, "all sessions of all users ended");
        Ok(())
    }

    /// Marks the records of all sessions as ended, so that they are freed sooner and each user's
    /// history shows the event, and counts the sessions that were live. The cutoff has already
    /// ended the sessions and notified open pages. Can be repeated.
    async fn update_records(&self) -> Result<usize, OperatorError> {
        let update = |shard| self.store.end_sessions_in_shard(shard);
        update_all_shards(update, |ended| {
            // Counted here, so that sessions are counted even if a later shard fails.
            if ended.was_live {
                self.announce.count_ended(EndReason::EndedByOperator, 1);
            }
            if ended.denial.outlives_a_cutoff() {
                self.announce.deny(ended.user, &[ended.denial]);
            }
        })
        .await
    }
}

/// Updates all shards and counts the sessions that were live. A failed shard does not stop the
/// others from being updated.
async fn update_all_shards<F>(
    update: impl Fn(u8) -> F + Send,
    announce: impl Fn(Ended) + Send,
) -> Result<usize, OperatorError>
where
    F: Future<Output = Result<Vec<Ended>, StoreError>> + Send,
{
    let mut sessions = 0;
    let mut first_error = None;
    let (mut failed, mut consecutive) = (0, 0);
    for shard in 0..=u8::MAX {
        match update(shard).await {
            Ok(all_ended) => {
                consecutive = 0;
                for ended in all_ended {
                    sessions += usize::from(ended.was_live);
                    announce(ended);
                }
            }
            Err(error) => {
                failed += 1;
                consecutive += 1;
                first_error.get_or_insert(error);
                if consecutive == MAX_CONSECUTIVE_FAILURES {
                    // Each remaining shard could wait for a full connection timeout.
                    failed += u32::from(u8::MAX - shard);
                    break;
                }
            }
        }
    }
    match first_error {
        None => Ok(sessions),
        Some(cause) => Err(OperatorError::RecordsUnfinished { failed, cause }),
    }
}

fn unknown(user: UserId) -> OperatorError {
    OperatorError::UnknownUser(user.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use latchkey_core::{Denial, DenialReason, Denied, SessionId};

    use super::*;

    fn ended(shard: u8) -> Ended {
        Ended {
            user: UserId::from_bytes([shard; 16]),
            denial: Denial {
                denied: Denied::Session(SessionId::from_bytes([shard; 16])),
                reason: DenialReason::EndedByOperator,
                at: Timestamp::from_secs(1),
                until: Timestamp::from_secs(2),
                cutoff: None,
                note: None,
            },
            was_live: true,
        }
    }

    async fn updated(
        fails: impl Fn(u8) -> bool + Send + Sync,
    ) -> (Result<usize, OperatorError>, usize) {
        let announced = Mutex::new(0);
        let update = |shard| {
            core::future::ready(if fails(shard) {
                Err(StoreError::Unavailable(format!("shard {shard}")))
            } else {
                Ok(vec![ended(shard)])
            })
        };
        let result =
            update_all_shards(update, |_| *announced.lock().expect("not poisoned") += 1).await;
        (result, announced.into_inner().expect("not poisoned"))
    }

    #[tokio::test]
    async fn a_failed_shard_does_not_stop_the_others() {
        assert_eq!(updated(|_| false).await, (Ok(256), 256));
        let (result, announced) = updated(|shard| [3, 200].contains(&shard)).await;
        let cause = StoreError::Unavailable("shard 3".to_owned());
        let unfinished = OperatorError::RecordsUnfinished { failed: 2, cause };
        assert_eq!((result, announced), (Err(unfinished), 254));
    }

    #[tokio::test]
    async fn an_unreachable_store_is_not_tried_for_every_shard() {
        let attempts = Mutex::new(0_u32);
        let fails = |shard| {
            *attempts.lock().expect("not poisoned") += 1;
            shard >= 10
        };
        let (result, announced) = updated(fails).await;
        let cause = StoreError::Unavailable("shard 10".to_owned());
        let unfinished = OperatorError::RecordsUnfinished { failed: 246, cause };
        assert_eq!((result, announced), (Err(unfinished), 10));
        let attempts = attempts.into_inner().expect("not poisoned");
        assert_eq!(attempts, 10 + MAX_CONSECUTIVE_FAILURES);
    }
}
