//! Exporting records for a backup. Importing them is in [`import`].

mod import;

use async_trait::async_trait;
use latchkey_core::RecordClass;

use super::PAGE_SIZE;
use crate::backup::{ExportCursor, Record};
use crate::engine::Engine;
use crate::error::StoreError;
use crate::store::Backup;
use crate::table::{
    AUDIT_EVENTS, AUDIT_LOG, CREDENTIALS, DELETIONS, DENIALS, EVERYONE, Key, Range,
    SESSION_ORIGINS, SESSIONS, SIGNING_KEYS, SWEPT_UNTIL, Table, USERS, Value,
};
use crate::transaction::Tx;

#[async_trait]
impl<E: Engine> Backup for E {
    async fn export(
        &self,
        from: Option<ExportCursor>,
    ) -> Result<(Vec<Record>, Option<ExportCursor>), StoreError> {
        self.read(from, |tx, from| Box::pin(export(tx, from.as_ref())))
            .await
    }

    async fn begin_import(&self) -> Result<bool, StoreError> {
        self.write((), |tx, ()| Box::pin(import::begin(tx))).await
    }

    async fn import(&self, records: Vec<Record>) -> Result<(), StoreError> {
        self.write(records, |tx, records| {
            Box::pin(import::add_all(tx, records))
        })
        .await
    }

    async fn finish_import(&self) -> Result<(), StoreError> {
        import::finish(self).await
    }
}

/// A page of records, and its last key if the table may have more.
type Exported = (Vec<Record>, Option<Vec<u8>>);

/// The number of the last step of an export.
const LAST_STEP: usize = 10;

/// A page of records, and the cursor of the next page.
///
/// Users are exported after sessions, so that the backup contains the user of every exported session,
/// even of one opened during the export. Users are also exported after denials: the import can add
/// the denial that belongs to a cutoff, but a denial without its cutoff would refuse new sessions.
async fn export(
    tx: &mut Tx<'_>,
    from: Option<&ExportCursor>,
) -> Result<(Vec<Record>, Option<ExportCursor>), StoreError> {
    let (step, after) = from.map_or((0, None), |from| (from.step, from.after.clone()));
    let (records, last) = match step {
        0 => export_sessions(tx, after).await?,
        1 => {
            page(tx, AUDIT_EVENTS, after, |(_, position), event| {
                let nth = position.nth;
                Record::Event { nth, event }
            })
            .await?
        }
        2 => page(tx, DENIALS, after, |_, denial| Record::Denial(denial)).await?,
        3 => export_users(tx, after).await?,
        4 => page(tx, SIGNING_KEYS, after, |_, key| Record::SigningKey(key)).await?,
        5 => page(tx, EVERYONE, after, |(), it| Record::EveryoneEnded(it)).await?,
        6 => page(tx, SWEPT_UNTIL, after, |(), it| Record::SweptUntil(it)).await?,
        7 => export_audit(tx, RecordClass::UserActs, after).await?,
        8 => export_audit(tx, RecordClass::OperatorActs, after).await?,
        9 => export_audit(tx, RecordClass::Refusals, after).await?,
        10 => {
            page(tx, DELETIONS, after, |user, at| Record::Deletion {
                user,
                at,
            })
            .await?
        }
        _ => return Ok((Vec::new(), None)),
    };
    let next = match last {
        Some(_) => Some(ExportCursor { step, after: last }),
        None if step < LAST_STEP => Some(ExportCursor {
            step: step + 1,
            after: None,
        }),
        None => None,
    };
    Ok((records, next))
}

async fn page<K: Key, V: Value>(
    tx: &mut Tx<'_>,
    table: Table<K, V>,
    after: Option<Vec<u8>>,
    record: fn(K, V) -> Record,
) -> Result<Exported, StoreError> {
    page_of(tx, table.all(), after, record).await
}

async fn page_of<K: Key, V: Value>(
    tx: &mut Tx<'_>,
    range: Range<K, V>,
    after: Option<Vec<u8>>,
    record: fn(K, V) -> Record,
) -> Result<Exported, StoreError> {
    let table = range.table();
    let page = tx.range(range.after(after).limit(PAGE_SIZE)).await?;
    let last = page.last().filter(|_| page.len() == PAGE_SIZE);
    let last = last.map(|(key, _)| table.key(key));
    let records = page.into_iter().map(|(key, value)| record(key, value));
    Ok((records.collect(), last))
}

/// Refreshes are not backed up: they are most of the audit log, and its least important part.
async fn export_audit(
    tx: &mut Tx<'_>,
    class: RecordClass,
    after: Option<Vec<u8>>,
) -> Result<Exported, StoreError> {
    let range = AUDIT_LOG.under(&class);
    page_of(tx, range, after, |_, record| Record::Audit(record)).await
}

async fn export_sessions(tx: &mut Tx<'_>, after: Option<Vec<u8>>) -> Result<Exported, StoreError> {
    let page = tx
        .peek_range(SESSIONS.all().after(after).limit(PAGE_SIZE))
        .await?;
    let last = page.last().filter(|_| page.len() == PAGE_SIZE);
    let last = last.map(|(id, _)| SESSIONS.key(id));
    let ids: Vec<_> = page.iter().map(|(id, _)| *id).collect();
    let origins = tx.peek_many(SESSION_ORIGINS, &ids).await?;
    let records = page.into_iter().zip(origins);
    // A session without an origin was swept between the two reads.
    let records = records.filter_map(|((_, session), origin)| {
        Some(Record::Session {
            session,
            origin: origin?,
        })
    });
    Ok((records.collect(), last))
}

/// Users with their credentials, from one snapshot. If a backup had a user without the credential,
/// someone else could sign up with the username; if it had only the credential, nobody could.
async fn export_users(tx: &mut Tx<'_>, after: Option<Vec<u8>>) -> Result<Exported, StoreError> {
    let page = tx.range(USERS.all().after(after).limit(PAGE_SIZE)).await?;
    let last = page.last().filter(|_| page.len() == PAGE_SIZE);
    let last = last.map(|(id, _)| USERS.key(id));
    let usernames = page.iter().filter_map(|(_, user)| user.username.as_ref());
    let reads = usernames.map(|username| CREDENTIALS.at(username));
    tx.prefetch(reads.collect()).await?;
    let mut records = Vec::with_capacity(2 * page.len());
    for (id, user) in page {
        if let Some(username) = user.username.clone()
            && let Some(credential) = tx.get(CREDENTIALS, &username).await?
            && credential.user == id
        {
            records.push(Record::Credential {
                username,
                credential,
            });
        }
        records.push(Record::User(user));
    }
    Ok((records, last))
}
