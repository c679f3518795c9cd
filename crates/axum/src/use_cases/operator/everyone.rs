//! Ending all sessions of all users.

use core::time::Duration;
use std::sync::Arc;

use latchkey_core::{Device, EndReason};
use latchkey_store::{Ended, StoreError};
use tracing::Instrument as _;

use super::{Actor, Operator, OperatorError};
use crate::event::Event;
use crate::services::Services;

/// How long a request to end all sessions waits for the session records to be updated.
const RECORDS_TIMEOUT: Duration = Duration::from_secs(2);

/// After this many consecutive failed shards, the store is considered unreachable.
const MAX_CONSECUTIVE_FAILURES: u32 = 4;

/// Ends all sessions of all users. When this returns, the sessions have ended. If there are many,
/// some of their records are updated later, in the background.
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

impl Operator<'_> {
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

    /// Marks the records of all sessions as ended, and returns how many sessions were live. The
    /// cutoff has already ended the sessions, and open pages have been notified. Marked records
    /// are freed sooner, and each user's history shows the event. Can be repeated.
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

/// Updates all shards and counts the sessions that were live. Continues after a failed shard, but
/// gives up after [`MAX_CONSECUTIVE_FAILURES`].
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use latchkey_core::{Denial, DenialReason, Denied, SessionId, Timestamp, UserId};

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
