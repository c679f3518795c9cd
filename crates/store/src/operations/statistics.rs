//! Numbers for the operator: counts by hour, and how many users and sessions there are.

use async_trait::async_trait;
use latchkey_core::audit_record::HOUR_RETENTION;
use latchkey_core::{HourCounts, Timestamp};

use super::expiry;
use super::session_record::is_live;
use crate::engine::Engine;
use crate::error::StoreError;
use crate::request::Population;
use crate::store::Statistics;
use crate::table::{EVERYONE, HOURS, SESSIONS, USERS};
use crate::transaction::Tx;

/// The maximum number of users, and of sessions, that are counted one by one.
const MAX_COUNTED: usize = 4000;
/// The maximum number of hourly counts that are read: enough for 20 servers and 30 days.
const MAX_ROWS: usize = 15_000;

#[async_trait]
impl<E: Engine> Statistics for E {
    async fn put_hour(
        &self,
        hour: Timestamp,
        server: u64,
        counts: HourCounts,
    ) -> Result<(), StoreError> {
        self.write((hour, server, counts), |tx, (hour, server, counts)| {
            Box::pin(async move {
                let key = (*hour, *server);
                expiry::schedule(tx, HOURS, &key, hour.plus(HOUR_RETENTION));
                tx.put(HOURS, &key, counts)
            })
        })
        .await
    }

    async fn hours(&self, since: Timestamp) -> Result<Vec<(Timestamp, HourCounts)>, StoreError> {
        let hours = self.read(since, |tx, since| {
            // `after` is exclusive, so this is the last key before those of the hour itself.
            let before = Timestamp::from_millis(since.as_millis().saturating_sub(1));
            let after = HOURS.key(&(before, u64::MAX));
            Box::pin(tx.peek_range(HOURS.all().after(Some(after)).limit(MAX_ROWS)))
        });
        let hours = hours.await?.into_iter();
        Ok(hours.map(|((hour, _), counts)| (hour, counts)).collect())
    }

    async fn population(&self, now: Timestamp) -> Result<Population, StoreError> {
        self.read(now, |tx, now| Box::pin(count(tx, *now))).await
    }
}

async fn count(tx: &mut Tx<'_>, now: Timestamp) -> Result<Population, StoreError> {
    let users = USERS.all().limit(MAX_COUNTED);
    let sessions = SESSIONS.all().limit(MAX_COUNTED);
    tx.prefetch(vec![users.read(), sessions.read(), EVERYONE.at(&())])
        .await?;
    let everyone = tx.peek(EVERYONE, &()).await?;
    let ids = tx.peek_keys(users).await?;
    let scale = scale(ids.len(), ids.last().map(latchkey_core::UserId::as_bytes));
    let users = extrapolated(ids.len(), scale);
    let all = tx.peek_range(sessions).await?;
    let last = all.last().map(|(id, _)| id.as_bytes());
    let session_scale = self::scale(all.len(), last);
    // The cutoffs of individual users are ignored: they are soon applied to the session records.
    let sessions = all
        .into_iter()
        .map(|(_, it)| it.under(None, everyone.as_ref()));
    let live = sessions.filter(|it| is_live(it, now)).count();
    Ok(Population {
        users,
        live_sessions: extrapolated(live, session_scale),
        is_estimate: scale.is_some() || session_scale.is_some(),
    })
}

/// The ratio of all records to those that were read: random ids are spread evenly, so the last id
/// shows what fraction of all ids was read. `None` if all records were read.
fn scale(read: usize, last: Option<&[u8; 16]>) -> Option<f64> {
    let [high, low, ..] = last.filter(|_| read == MAX_COUNTED)?;
    let part = f64::from(u16::from_be_bytes([*high, *low])) + 1.0;
    Some(65_536.0 / part)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an estimate, and neither negative nor near the limits"
)]
fn extrapolated(count: usize, scale: Option<f64>) -> u64 {
    match scale {
        Some(scale) => (count as f64 * scale).round() as u64,
        None => count as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_COUNTED, extrapolated, scale};

    #[test]
    fn number_of_records_is_estimated_from_the_part_that_was_read() {
        let id = |high| {
            let mut id = [7; 16];
            id[0] = high;
            id
        };
        assert_eq!(scale(MAX_COUNTED - 1, Some(&id(9))), None);
        assert_eq!(extrapolated(12, None), 12);
        // A quarter of all ids was read.
        let quarter = scale(MAX_COUNTED, Some(&id(0x3f)));
        let users = extrapolated(MAX_COUNTED, quarter);
        assert!((16_000..16_500).contains(&users), "{users}");
    }
}
