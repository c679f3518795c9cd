//! Administration: what operators do to accounts over the admin API or from the command line,
//! through a running server or on a store that no server has open. Each act is one line in the log.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use latchkey_core::{Device, EndReason, Timestamp, User, UserId};
use latchkey_store::{EndSessions, Ended, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::services::Services;
use crate::services::announce::{Announce, NoServer};

/// The longest reason of a ban, in characters.
const MAX_REASON_CHARS: usize = 500;

/// How long a request waits until the end of everyone's sessions is in all records.
const RECORDS_TIMEOUT: Duration = Duration::from_secs(2);

/// After so many slices in a row that failed, the store is taken to be gone.
const MAX_FAILED_SLICES: u32 = 4;

/// The user that an operator means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserSelector {
    /// The user with this id.
    Id(UserId),
    /// The user with this email address, if there is exactly one.
    Email(String),
}

/// One of several users with the same email address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The user's id.
    pub id: UserId,
    /// The issuer of the user's identity.
    pub issuer: String,
    /// Whether the issuer says that the address is verified.
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

/// Who acts, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// An administrator, over the API.
    Admin(UserId),
    /// The application that Latchkey is part of.
    Application,
    /// Someone with access to the data directory.
    CommandLine,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Admin(id) => write!(f, "{id}"),
            Self::Application => f.write_str("application"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// Why an operator's act was not done, or not done completely.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperatorError {
    /// No user matches.
    #[error("there is no account {0}")]
    UnknownUser(String),
    /// Several users match.
    #[error(
        "several accounts have the address {email}; choose one of them by its id: {}",
        listed(.candidates)
    )]
    Ambiguous {
        /// The address.
        email: String,
        /// The users that have it.
        candidates: Vec<Candidate>,
    },
    /// The reason is empty or too long.
    #[error("the reason must be 1 to {MAX_REASON_CHARS} characters long")]
    Reason,
    /// Everyone's sessions are over and their tokens refused, but not all records say so.
    #[error(
        "all sessions are ended and their tokens are refused, but {failed} of 256 slices of the \
         records were not updated ({cause}); run the command again"
    )]
    RecordsUnfinished {
        /// How many slices were not updated.
        failed: u32,
        /// The first error.
        cause: StoreError,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn listed(candidates: &[Candidate]) -> String {
    let candidates: Vec<_> = candidates.iter().map(ToString::to_string).collect();
    candidates.join(", ")
}

/// Ends everyone's sessions. However many there are, this returns soon after they are over: their
/// records are updated in the background.
pub async fn end_everyone(services: &Arc<Services>, actor: Actor) -> Result<(), OperatorError> {
    Operator::online(services, actor).cut_off_everyone().await?;
    let background = Arc::clone(services);
    let updating = tokio::spawn(async move {
        let operator = Operator::online(&background, actor);
        if let Err(error) = operator.update_records().await {
            tracing::warn!(%error, "the records of ended sessions are incomplete");
        }
    });
    // With few sessions, their users see it at once. If it takes longer, it goes on.
    let _ = tokio::time::timeout(RECORDS_TIMEOUT, updating).await;
    Ok(())
}

/// An operator at work.
#[derive(Clone, Copy)]
pub struct Operator<'a> {
    store: &'a dyn Store,
    now: Timestamp,
    announce: &'a dyn Announce,
    actor: Actor,
}

impl<'a> Operator<'a> {
    /// Through a running server.
    pub fn online(services: &'a Services, actor: Actor) -> Self {
        Self {
            store: &*services.store,
            now: services.clock.now(),
            announce: services,
            actor,
        }
    }

    /// On a store that no server has open.
    pub fn offline(store: &'a dyn Store, now: Timestamp) -> Self {
        Self {
            store,
            now,
            announce: &NoServer,
            actor: Actor::CommandLine,
        }
    }

    /// The one user that is meant.
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

    /// Bans a user and returns the number of sessions that this ended.
    pub async fn ban(&self, user: UserId, reason: &str) -> Result<usize, OperatorError> {
        let reason = reason.trim();
        if !(1..=MAX_REASON_CHARS).contains(&reason.chars().count()) {
            return Err(OperatorError::Reason);
        }
        let banned = self.store.ban_user(user, reason.to_owned(), self.now).await;
        let banned = banned?.ok_or_else(|| unknown(user))?;
        self.announce.deny(user, &banned.denials);
        self.announce.report(&Event::Banned { user });
        tracing::info!(%user, by = %self.actor, sessions = banned.live, "user banned");
        Ok(banned.live)
    }

    /// Lifts a ban and returns whether there was one.
    pub async fn unban(&self, user: UserId) -> Result<bool, OperatorError> {
        let lifted = self.store.unban_user(user, self.now).await?;
        let lifted = lifted.ok_or_else(|| unknown(user))?;
        self.announce.deny(user, &[]);
        if lifted {
            self.announce.report(&Event::Unbanned { user });
        }
        tracing::info!(%user, by = %self.actor, lifted, "user unbanned");
        Ok(lifted)
    }

    /// Ends a user's sessions and returns their number.
    pub async fn end_sessions(&self, user: UserId) -> Result<usize, OperatorError> {
        let end = EndSessions {
            user,
            keep: None,
            reason: EndReason::EndedByOperator,
            device: Device::default(),
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
        tracing::info!(%user, by = %self.actor, sessions = ended.live, "user's sessions ended");
        Ok(ended.live)
    }

    /// Ends everyone's sessions and returns the number of records that were still live.
    pub async fn end_everyone(&self) -> Result<usize, OperatorError> {
        self.cut_off_everyone().await?;
        self.update_records().await
    }

    async fn cut_off_everyone(&self) -> Result<(), OperatorError> {
        let denial = self.store.end_everyone(self.now).await?;
        self.announce.deny_everyone(&denial);
        self.announce.report(&Event::EveryoneEnded);
        tracing::info!(by = %self.actor, "everyone's sessions ended");
        Ok(())
    }

    /// All sessions are over by now. Their records say so too once this is done, which frees them
    /// sooner and notifies each user. The same command can be repeated.
    async fn update_records(&self) -> Result<usize, OperatorError> {
        let update = |slice| self.store.end_sessions_in_shard(slice);
        each_slice(update, |ended| {
            if ended.denial.outlives_a_cutoff() {
                self.announce.deny(ended.user, &[ended.denial]);
            }
        })
        .await
    }
}

/// Updates all slices and counts the sessions that were still live. A slice that fails does not keep
/// the others from being updated.
async fn each_slice<F>(
    update: impl Fn(u8) -> F + Send,
    announce: impl Fn(Ended) + Send,
) -> Result<usize, OperatorError>
where
    F: Future<Output = Result<Vec<Ended>, StoreError>> + Send,
{
    let mut sessions = 0;
    let mut first_error = None;
    let (mut failed, mut in_a_row) = (0, 0);
    for slice in 0..=u8::MAX {
        match update(slice).await {
            Ok(all_ended) => {
                in_a_row = 0;
                for ended in all_ended {
                    sessions += usize::from(ended.was_live);
                    announce(ended);
                }
            }
            Err(error) => {
                failed += 1;
                in_a_row += 1;
                first_error.get_or_insert(error);
                if in_a_row == MAX_FAILED_SLICES {
                    // Each further slice could take as long as a connection takes to fail.
                    failed += u32::from(u8::MAX - slice);
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

    fn ended(slice: u8) -> Ended {
        Ended {
            user: UserId::from_bytes([slice; 16]),
            denial: Denial {
                denied: Denied::Session(SessionId::from_bytes([slice; 16])),
                reason: DenialReason::EndedByOperator,
                at: Timestamp::from_secs(1),
                until: Timestamp::from_secs(2),
                cutoff: None,
            },
            was_live: true,
        }
    }

    async fn updated(
        fails: impl Fn(u8) -> bool + Send + Sync,
    ) -> (Result<usize, OperatorError>, usize) {
        let announced = Mutex::new(0);
        let update = |slice| {
            core::future::ready(if fails(slice) {
                Err(StoreError::Unavailable(format!("slice {slice}")))
            } else {
                Ok(vec![ended(slice)])
            })
        };
        let result = each_slice(update, |_| *announced.lock().expect("not poisoned") += 1).await;
        (result, announced.into_inner().expect("not poisoned"))
    }

    #[tokio::test]
    async fn slices_that_fail_do_not_keep_the_others_from_being_updated() {
        assert_eq!(updated(|_| false).await, (Ok(256), 256));
        let (result, announced) = updated(|slice| [3, 200].contains(&slice)).await;
        let cause = StoreError::Unavailable("slice 3".to_owned());
        let unfinished = OperatorError::RecordsUnfinished { failed: 2, cause };
        assert_eq!((result, announced), (Err(unfinished), 254));
    }

    #[tokio::test]
    async fn a_store_that_is_gone_is_not_asked_256_times() {
        let asked = Mutex::new(0_u32);
        let fails = |slice| {
            *asked.lock().expect("not poisoned") += 1;
            slice >= 10
        };
        let (result, announced) = updated(fails).await;
        let cause = StoreError::Unavailable("slice 10".to_owned());
        let unfinished = OperatorError::RecordsUnfinished { failed: 246, cause };
        assert_eq!((result, announced), (Err(unfinished), 10));
        let asked = asked.into_inner().expect("not poisoned");
        assert_eq!(asked, 10 + MAX_FAILED_SLICES);
    }
}
