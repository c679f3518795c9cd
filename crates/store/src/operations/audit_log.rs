//! The audit log of the whole server. [`super::audit`] is the history that a user sees.

use std::collections::VecDeque;

use async_trait::async_trait;
use latchkey_core::{AuditRecord, RecordClass, RecordKind, RecordOutcome, RecordPosition, UserId};

use crate::engine::Engine;
use crate::error::StoreError;
use crate::request::{AuditPage, AuditQuery};
use crate::store::AuditLog;
use crate::table::{AUDIT_LOG, AUDIT_LOG_OF_USER};
use crate::transaction::Tx;

/// The maximum number of records of a class that are read at once.
const CHUNK_SIZE: usize = 500;
/// The maximum number of records that a query examines, so that a filter that matches few of a
/// million records does not occupy the server.
const MAX_SCANNED: usize = 5000;

#[async_trait]
impl<E: Engine> AuditLog for E {
    async fn record_audit(&self, records: Vec<AuditRecord>) -> Result<(), StoreError> {
        self.write(records, |tx, records| {
            Box::pin(async move { records.iter().try_for_each(|it| record(tx, it)) })
        })
        .await
    }

    async fn audit_records(&self, query: AuditQuery) -> Result<AuditPage, StoreError> {
        page(self, &query).await
    }

    async fn audit_positions(
        &self,
        class: RecordClass,
        after: RecordPosition,
        limit: usize,
    ) -> Result<Vec<RecordPosition>, StoreError> {
        self.read((class, after, limit), |tx, (class, after, limit)| {
            Box::pin(positions(tx, *class, *after, *limit))
        })
        .await
    }

    async fn remove_audit(
        &self,
        class: RecordClass,
        after: RecordPosition,
        limit: usize,
    ) -> Result<usize, StoreError> {
        self.write((class, after, limit), |tx, (class, after, limit)| {
            Box::pin(remove(tx, *class, *after, *limit))
        })
        .await
    }
}

/// Adds a record. Reads nothing and depends on nothing, so it causes no conflict.
pub(super) fn record(tx: &mut Tx<'_>, record: &AuditRecord) -> Result<(), StoreError> {
    let encoded = AUDIT_LOG.encode(&[], record)?;
    let position = RecordPosition {
        at: record.at,
        suffix: hash(&encoded),
    };
    let key = (record.class(), position);
    if let Some(user) = record.user {
        tx.put_index(AUDIT_LOG_OF_USER, &(user, key));
    }
    tx.put(AUDIT_LOG, &key, record)
}

/// FNV-1a. A client influences its record, but cannot make it collide with another one: each contains
/// the id of its request, which the client cannot predict.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Removes the addresses and devices from a batch of the records of a user. Returns the position to
/// continue from if there may be more.
pub(super) async fn strip(
    tx: &mut Tx<'_>,
    user: UserId,
    after: Option<(RecordClass, RecordPosition)>,
    limit: usize,
) -> Result<Option<(RecordClass, RecordPosition)>, StoreError> {
    let after = after.map(|key| AUDIT_LOG_OF_USER.key(&(user, key)));
    let entries = AUDIT_LOG_OF_USER.under(&user).after(after).limit(limit);
    let entries = tx.peek_keys(entries).await?;
    let keys: Vec<_> = entries.iter().map(|(_, key)| *key).collect();
    // These reads are conditions of the commit: a record that is removed at the same time must not
    // be written again.
    for (key, record) in keys.iter().zip(tx.get_many(AUDIT_LOG, &keys).await?) {
        let Some(mut record) = record else { continue };
        if record.strip() {
            tx.put(AUDIT_LOG, key, &record)?;
        }
    }
    Ok(keys.last().copied().filter(|_| keys.len() == limit))
}

async fn positions(
    tx: &mut Tx<'_>,
    class: RecordClass,
    after: RecordPosition,
    limit: usize,
) -> Result<Vec<RecordPosition>, StoreError> {
    let after = AUDIT_LOG.key(&(class, after));
    let range = AUDIT_LOG.under(&class).after(Some(after)).limit(limit);
    let keys = tx.peek_keys(range).await?;
    Ok(keys.into_iter().map(|(_, position)| position).collect())
}

/// Removes a batch of records and returns their number. Reading them adds no conditions to the
/// commit: a record that changes at the same time must be removed too, and two servers may remove
/// the same records.
async fn remove(
    tx: &mut Tx<'_>,
    class: RecordClass,
    after: RecordPosition,
    limit: usize,
) -> Result<usize, StoreError> {
    let after = AUDIT_LOG.key(&(class, after));
    let range = AUDIT_LOG.under(&class).after(Some(after)).limit(limit);
    let records = tx.peek_range(range).await?;
    for (key, record) in &records {
        if let Some(user) = record.user {
            tx.clear(AUDIT_LOG_OF_USER, &(user, *key));
        }
        tx.clear(AUDIT_LOG, key);
    }
    Ok(records.len())
}

impl AuditQuery {
    fn selects_all(&self) -> bool {
        self.kind.is_none() && self.outcome.is_none()
    }

    fn selects(&self, record: &AuditRecord) -> bool {
        let kind = |kind: &RecordKind| *kind == record.kind;
        let outcome = |outcome: RecordOutcome| outcome == record.outcome;
        self.kind.as_ref().is_none_or(kind) && self.outcome.is_none_or(outcome)
    }

    /// The classes that can contain selected records.
    fn classes(&self) -> Vec<RecordClass> {
        let outcome = |class: RecordClass| match self.outcome {
            Some(RecordOutcome::Success) => class != RecordClass::Refusals,
            Some(RecordOutcome::Refused | RecordOutcome::Failed) => class != RecordClass::Refreshes,
            None => true,
        };
        let kind = |class| {
            let kind = self.kind.as_ref();
            kind.is_none_or(|kind| kind.classes().contains(&class))
        };
        let classes = RecordClass::ALL.into_iter();
        classes
            .filter(|class| outcome(*class) && kind(*class))
            .collect()
    }

    /// The position after which the selected records begin.
    fn start(&self) -> Option<RecordPosition> {
        let until = self.until.map(RecordPosition::end_of);
        let starts = [self.before, until].into_iter().flatten();
        starts.max_by_key(|position| position.order())
    }
}

/// The records of one class that have been read, but not yet returned or skipped.
struct Source {
    class: RecordClass,
    records: VecDeque<(RecordPosition, AuditRecord)>,
    /// The position from which reading continues.
    after: Option<RecordPosition>,
    is_exhausted: bool,
}

/// A part of the records of a class, and the position of the last one if there may be more.
type Chunk = (Vec<(RecordPosition, AuditRecord)>, Option<RecordPosition>);

/// Merges the classes. Looks for one record more than requested, to recognize the last page.
async fn page(engine: &impl Engine, query: &AuditQuery) -> Result<AuditPage, StoreError> {
    let start = query.start();
    let classes = query.classes().into_iter();
    let mut sources: Vec<_> = classes
        .map(|class| Source {
            class,
            records: VecDeque::new(),
            after: start,
            is_exhausted: false,
        })
        .collect();
    let chunk = if query.selects_all() {
        query.limit.saturating_add(1).min(CHUNK_SIZE)
    } else {
        CHUNK_SIZE
    };
    let mut page = AuditPage::default();
    let mut scanned = 0;
    loop {
        refill(engine, query.user, &mut sources, chunk).await?;
        let newest = sources
            .iter_mut()
            .filter(|source| !source.records.is_empty())
            .min_by_key(|source| source.records.front().map(|(it, _)| it.order()));
        let Some((position, record)) = newest.and_then(|it| it.records.pop_front()) else {
            return Ok(page);
        };
        if query.after.is_some_and(|after| record.at < after) {
            // All other records are older.
            return Ok(page);
        }
        scanned += 1;
        if query.selects(&record) {
            if page.records.len() == query.limit {
                page.next = page.records.last().map(|(position, _)| *position);
                return Ok(page);
            }
            page.records.push((position, record));
        }
        if scanned == MAX_SCANNED {
            page.next = Some(position);
            return Ok(page);
        }
    }
}

/// Reads more records of the classes that have none left, in one step.
async fn refill(
    engine: &impl Engine,
    user: Option<UserId>,
    sources: &mut [Source],
    limit: usize,
) -> Result<(), StoreError> {
    let needs = |it: &&mut Source| it.records.is_empty() && !it.is_exhausted;
    let mut empty: Vec<_> = sources.iter_mut().filter(needs).collect();
    if empty.is_empty() {
        return Ok(());
    }
    let wanted: Vec<_> = empty.iter().map(|it| (it.class, it.after)).collect();
    let chunks = engine.read((user, wanted, limit), |tx, (user, wanted, limit)| {
        Box::pin(async move {
            match user {
                Some(user) => chunks_of_user(tx, *user, wanted, *limit).await,
                None => chunks(tx, wanted, *limit).await,
            }
        })
    });
    for (source, (records, next)) in empty.iter_mut().zip(chunks.await?) {
        source.records = records.into();
        source.is_exhausted = next.is_none();
        source.after = next;
    }
    Ok(())
}

async fn chunks(
    tx: &mut Tx<'_>,
    wanted: &[(RecordClass, Option<RecordPosition>)],
    limit: usize,
) -> Result<Vec<Chunk>, StoreError> {
    let range = |(class, after): &(RecordClass, Option<RecordPosition>)| {
        let after = after.map(|after| AUDIT_LOG.key(&(*class, after)));
        AUDIT_LOG.under(class).after(after).limit(limit)
    };
    tx.prefetch(wanted.iter().map(|it| range(it).read()).collect())
        .await?;
    let mut chunks = Vec::new();
    for it in wanted {
        let records = tx.peek_range(range(it)).await?;
        let records = records
            .into_iter()
            .map(|((_, position), it)| (position, it));
        let records: Vec<_> = records.collect();
        let next = records.last().filter(|_| records.len() == limit);
        let next = next.map(|(position, _)| *position);
        chunks.push((records, next));
    }
    Ok(chunks)
}

async fn chunks_of_user(
    tx: &mut Tx<'_>,
    user: UserId,
    wanted: &[(RecordClass, Option<RecordPosition>)],
    limit: usize,
) -> Result<Vec<Chunk>, StoreError> {
    let range = |(class, after): &(RecordClass, Option<RecordPosition>)| {
        let after = after.map(|after| AUDIT_LOG_OF_USER.key(&(user, (*class, after))));
        let range = AUDIT_LOG_OF_USER.under(&(user, *class));
        range.after(after).limit(limit)
    };
    tx.prefetch(wanted.iter().map(|it| range(it).read()).collect())
        .await?;
    let mut keys = Vec::new();
    for it in wanted {
        let entries = tx.peek_keys(range(it)).await?;
        keys.push(entries.into_iter().map(|(_, key)| key).collect::<Vec<_>>());
    }
    let all: Vec<_> = keys.iter().flatten().map(|key| AUDIT_LOG.at(key)).collect();
    tx.prefetch(all).await?;
    let mut chunks = Vec::new();
    for keys in keys {
        let next = keys.last().filter(|_| keys.len() == limit);
        let next = next.map(|(_, position)| *position);
        // A record that is missing was removed between the two reads.
        let records = tx.peek_many(AUDIT_LOG, &keys).await?;
        let records = keys.into_iter().zip(records);
        let records = records.filter_map(|((_, position), it)| Some((position, it?)));
        chunks.push((records.collect(), next));
    }
    Ok(chunks)
}

#[cfg(test)]
mod tests {
    use latchkey_core::{AuditKind, ServerAct, Timestamp};

    use super::*;
    use crate::MemoryStore;

    /// Earlier versions stored acts of operators among those of users.
    #[tokio::test]
    async fn acts_of_operators_are_found_and_removed_where_earlier_versions_stored_them() {
        let store = MemoryStore::empty();
        let user = Some(UserId::from_bytes([1; 16]));
        let at = Timestamp::from_secs(1_800_000_000);
        let old = AuditRecord {
            user,
            ..AuditRecord::new(at, AuditKind::Banned)
        };
        let written = Engine::write(&store, old.clone(), |tx, old| {
            Box::pin(async move {
                let position = RecordPosition {
                    at: old.at,
                    suffix: 1,
                };
                let key = (RecordClass::UserActs, position);
                if let Some(user) = old.user {
                    tx.put_index(AUDIT_LOG_OF_USER, &(user, key));
                }
                tx.put(AUDIT_LOG, &key, old)
            })
        });
        written.await.expect("stored");
        let new = AuditRecord {
            at: Timestamp::from_secs(1_800_000_001),
            ..old.clone()
        };
        let other = AuditRecord::new(at, ServerAct::KeyRotated);
        let recorded = store.record_audit(vec![new.clone(), other]);
        recorded.await.expect("recorded");

        for user in [None, user] {
            let query = AuditQuery {
                user,
                kind: Some(AuditKind::Banned.into()),
                limit: 10,
                ..AuditQuery::default()
            };
            let page = store.audit_records(query).await.expect("read");
            let found: Vec<_> = page.records.into_iter().map(|(_, it)| it).collect();
            assert_eq!(found, [new.clone(), old.clone()]);
        }
        let newest = RecordPosition::end_of(Timestamp::from_secs(1_900_000_000));
        for (class, count) in [(RecordClass::UserActs, 1), (RecordClass::OperatorActs, 2)] {
            assert_eq!(store.remove_audit(class, newest, 10).await, Ok(count));
        }
        let query = AuditQuery {
            user,
            limit: 10,
            ..AuditQuery::default()
        };
        let left = store.audit_records(query).await.expect("read");
        assert_eq!(left.records, []);
    }
}
