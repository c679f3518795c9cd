//! Exporting records for a backup, and importing them.

use async_trait::async_trait;
use latchkey_core::audit::RETENTION;
use latchkey_core::{AuditPosition, Denied, RecordClass};

use super::session_record::{by_opened, retained_until};
use super::{PAGE_SIZE, audit_log, denials, expiry, user_index};
use crate::backup::{ExportCursor, Record};
use crate::engine::Engine;
use crate::error::StoreError;
use crate::store::Backup;
use crate::table::{
    AUDIT_EVENTS, AUDIT_LOG, CREDENTIALS, DELETIONS, DENIALS, EMAILS_INDEXED,
    ENDED_SESSIONS_OF_USER, EVERYONE, IDENTITIES, IMPORTING, Key, Range, SESSION_ORIGINS, SESSIONS,
    SESSIONS_BY_OPENED, SESSIONS_INDEXED, SESSIONS_OF_USER, SIGNING_KEYS, SWEPT_UNTIL, Table,
    USERS, USERS_INDEXED, Value,
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
        self.write((), |tx, ()| Box::pin(begin_import(tx))).await
    }

    async fn import(&self, records: Vec<Record>) -> Result<(), StoreError> {
        self.write(records, |tx, records| Box::pin(import(tx, records)))
            .await
    }

    async fn finish_import(&self) -> Result<(), StoreError> {
        self.write((), |tx, ()| {
            Box::pin(async move {
                tx.clear(IMPORTING, &());
                tx.put(EMAILS_INDEXED, &(), &true)?;
                tx.put(USERS_INDEXED, &(), &true)?;
                tx.put(SESSIONS_INDEXED, &(), &true)
            })
        })
        .await
    }
}

/// A page of records, and its last key if the table may have more.
type Exported = (Vec<Record>, Option<Vec<u8>>);

/// The number of the last step of an export.
const LAST_STEP: usize = 11;

/// A page of records, and the cursor of the next page.
///
/// Users are exported after sessions: the user of every exported session must be in the backup,
/// even if it is created during the export. The same holds for the user of every credential. Users
/// are also exported after denials: the import adds the denial of a cutoff if it is missing, but a
/// denial without its cutoff would refuse new sessions.
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
        3 => {
            page(tx, CREDENTIALS, after, |username, credential| {
                Record::Credential {
                    username,
                    credential,
                }
            })
            .await?
        }
        4 => page(tx, USERS, after, |_, user| Record::User(user)).await?,
        5 => page(tx, SIGNING_KEYS, after, |_, key| Record::SigningKey(key)).await?,
        6 => page(tx, EVERYONE, after, |(), it| Record::EveryoneEnded(it)).await?,
        7 => page(tx, SWEPT_UNTIL, after, |(), it| Record::SweptUntil(it)).await?,
        8 => export_audit(tx, RecordClass::UserActs, after).await?,
        9 => export_audit(tx, RecordClass::OperatorActs, after).await?,
        10 => export_audit(tx, RecordClass::Refusals, after).await?,
        11 => {
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

/// Adds records and their index entries.
async fn import(tx: &mut Tx<'_>, records: &[Record]) -> Result<(), StoreError> {
    let denied = records.iter().filter_map(|record| match record {
        Record::Denial(denial) => Some(denial.denied),
        Record::User(user) => user.cutoff.map(|_| Denied::User(user.id)),
        Record::EveryoneEnded(_) => Some(Denied::Everyone),
        _ => None,
    });
    let reads = denied.map(|denied| DENIALS.at(&denied)).collect();
    tx.prefetch(reads).await?;
    for record in records {
        add(tx, record).await?;
    }
    Ok(())
}

async fn add(tx: &mut Tx<'_>, record: &Record) -> Result<(), StoreError> {
    match record {
        Record::Session { session, origin } => {
            let end = retained_until(session);
            expiry::schedule(tx, SESSIONS, &session.id, end);
            let of_user = (session.user, session.id);
            if session.status.is_live() {
                tx.put_index(SESSIONS_OF_USER, &of_user);
                tx.put_index(SESSIONS_BY_OPENED, &by_opened(session));
            } else {
                tx.put_index(ENDED_SESSIONS_OF_USER, &of_user);
            }
            tx.put(SESSION_ORIGINS, &session.id, origin)?;
            tx.put(SESSIONS, &session.id, session)
        }
        Record::User(user) => {
            if let Some(cutoff) = user.cutoff {
                denials::put(tx, &cutoff.denial(Denied::User(user.id))).await?;
            }
            user_index::put_entries(tx, user);
            for identity in user.all_identities() {
                tx.put(IDENTITIES, &identity.identity, &user.id)?;
            }
            tx.put(USERS, &user.id, user)
        }
        Record::Credential {
            username,
            credential,
        } => tx.put(CREDENTIALS, username, credential),
        Record::Event { nth, event } => {
            let (at, nth) = (event.at, *nth);
            let key = (event.user, AuditPosition { at, nth });
            expiry::schedule(tx, AUDIT_EVENTS, &key, at.plus(RETENTION));
            tx.put(AUDIT_EVENTS, &key, event)
        }
        Record::Denial(denial) => denials::put(tx, denial).await.map(drop),
        // Written by earlier versions, whose flow cookies are no longer accepted.
        Record::LoginFlow(_) => Ok(()),
        Record::SigningKey(key) => {
            if let Some(until) = key.verifies_until {
                expiry::schedule(tx, SIGNING_KEYS, &key.kid, until);
            }
            tx.put(SIGNING_KEYS, &key.kid, key)
        }
        Record::EveryoneEnded(cutoff) => {
            denials::put(tx, &cutoff.denial(Denied::Everyone)).await?;
            tx.put(EVERYONE, &(), cutoff)
        }
        Record::Audit(record) => audit_log::record(tx, record),
        Record::SweptUntil(time) => tx.put(SWEPT_UNTIL, &(), time),
        Record::Deletion { user, at } => tx.put(DELETIONS, user, at),
    }
}

/// Begins an import; `false` if the store is not empty.
async fn begin_import(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    tx.prefetch(vec![
        SESSIONS.all().limit(1).read(),
        AUDIT_EVENTS.all().limit(1).read(),
        DENIALS.all().limit(1).read(),
        USERS.all().limit(1).read(),
        SIGNING_KEYS.all().limit(1).read(),
        EVERYONE.all().limit(1).read(),
    ])
    .await?;
    let is_empty = tx.keys(SESSIONS.all().limit(1)).await?.is_empty()
        && tx.keys(AUDIT_EVENTS.all().limit(1)).await?.is_empty()
        && tx.keys(DENIALS.all().limit(1)).await?.is_empty()
        && tx.keys(USERS.all().limit(1)).await?.is_empty()
        && tx.keys(SIGNING_KEYS.all().limit(1)).await?.is_empty()
        && tx.keys(EVERYONE.all().limit(1)).await?.is_empty();
    if is_empty {
        tx.put(IMPORTING, &(), &true)?;
    }
    Ok(is_empty)
}
