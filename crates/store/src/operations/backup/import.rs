//! Importing the records of a backup into an empty store. Nothing else uses the store until the import
//! is complete, so no read needs to be a condition.

use latchkey_core::audit::RETENTION;
use latchkey_core::{AuditPosition, Credential, Denied, User, Username};

use crate::backup::Record;
use crate::engine::Engine;
use crate::error::StoreError;
use crate::operations::session_record::{by_opened, retained_until};
use crate::operations::{PAGE_SIZE, audit_log, deletion, denials, expiry, user_index};
use crate::records::Read;
use crate::table::{
    AUDIT_EVENTS, CREDENTIALS, DELETIONS, DENIALS, EMAILS_INDEXED, ENDED_SESSIONS_OF_USER,
    EVERYONE, IDENTITIES, IMPORTING, SESSION_ORIGINS, SESSIONS, SESSIONS_BY_OPENED,
    SESSIONS_INDEXED, SESSIONS_OF_USER, SIGNING_KEYS, SWEPT_UNTIL, USERS, USERS_INDEXED,
};
use crate::transaction::Tx;

/// Begins an import; `false` if the store is not empty.
pub(super) async fn begin(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
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

/// Adds records and their index entries.
pub(super) async fn add_all(tx: &mut Tx<'_>, records: &[Record]) -> Result<(), StoreError> {
    tx.prefetch(records.iter().flat_map(reads).collect())
        .await?;
    for record in records {
        add(tx, record).await?;
    }
    Ok(())
}

/// What [`add`] reads.
fn reads(record: &Record) -> Vec<Read> {
    match record {
        Record::Denial(denial) => vec![DENIALS.at(&denial.denied)],
        Record::Credential { username, .. } => vec![CREDENTIALS.at(username)],
        Record::EveryoneEnded(_) => vec![DENIALS.at(&Denied::Everyone)],
        Record::User(user) => {
            let denial = user.cutoff.map(|_| DENIALS.at(&Denied::User(user.id)));
            let username = user.username.as_ref();
            let credential = username.map(|username| CREDENTIALS.at(username));
            denial.into_iter().chain(credential).collect()
        }
        Record::Deletion { user, .. } => vec![USERS.at(user)],
        _ => Vec::new(),
    }
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
            reserve_username(tx, user).await?;
            user_index::put_entries(tx, user);
            // If an identity moved from one user to another during the export, both users can
            // have it in the backup. It belongs to the one that was exported later.
            for identity in user.all_identities() {
                tx.put(IDENTITIES, &identity.identity, &user.id)?;
            }
            tx.put(USERS, &user.id, user)
        }
        Record::Credential {
            username,
            credential,
        } => put_credential(tx, username, credential).await,
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
        // If the deletion began during the export, the user was exported too.
        Record::Deletion { user, at } => match tx.peek(USERS, user).await? {
            Some(user) => deletion::remove_user(tx, user, *at).await.map(drop),
            None => tx.put(DELETIONS, user, at),
        },
    }
}

/// Adds a credential without a password if the backup does not contain the user's credential.
/// Earlier versions exported all credentials before the users, and the user may have signed up in
/// between, or taken the name of a deleted user. With the added credential, nobody else can sign up
/// with the username, and the user can set a password through a link.
async fn reserve_username(tx: &mut Tx<'_>, user: &User) -> Result<(), StoreError> {
    let Some(username) = &user.username else {
        return Ok(());
    };
    let known = tx.peek(CREDENTIALS, username).await?;
    if known.is_some_and(|credential| credential.user == user.id) {
        return Ok(());
    }
    let reserved = Credential {
        user: user.id,
        hash: None,
        changed_at: user.created_at,
        link: None,
        requested_link: None,
    };
    put_credential(tx, username, &reserved).await
}

/// Adds a credential. Two users can have had the username one after the other while the backup was
/// made; it belongs to the later one, who was also exported later.
async fn put_credential(
    tx: &mut Tx<'_>,
    username: &Username,
    credential: &Credential,
) -> Result<(), StoreError> {
    if let Some(known) = tx.peek(CREDENTIALS, username).await?
        && known.user != credential.user
        && let Some(mut previous) = tx.peek(USERS, &known.user).await?
        && previous.username.as_ref() == Some(username)
    {
        previous.username = None;
        user_index::put(tx, &previous).await?;
    }
    tx.put(CREDENTIALS, username, credential)
}

/// Ends an import.
pub(super) async fn finish(engine: &impl Engine) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let removed = engine.write(after, |tx, after| {
            Box::pin(remove_orphaned_credentials(tx, after.as_ref()))
        });
        after = removed.await?;
        if after.is_none() {
            break;
        }
    }
    let finished = engine.write((), |tx, ()| {
        Box::pin(async move {
            tx.clear(IMPORTING, &());
            tx.put(EMAILS_INDEXED, &(), &true)?;
            tx.put(USERS_INDEXED, &(), &true)?;
            tx.put(SESSIONS_INDEXED, &(), &true)
        })
    });
    finished.await
}

/// Reads one page of credentials and removes those whose user was not imported: nobody could sign in
/// with them, or sign up with the username. Backups of earlier versions can contain such
/// credentials. Returns the last username of the page if there may be more.
async fn remove_orphaned_credentials(
    tx: &mut Tx<'_>,
    after: Option<&Username>,
) -> Result<Option<Username>, StoreError> {
    let after = after.map(|username| CREDENTIALS.key(username));
    let page = CREDENTIALS.all().after(after).limit(PAGE_SIZE);
    let page = tx.peek_range(page).await?;
    let ids: Vec<_> = page.iter().map(|(_, it)| it.user).collect();
    let users = tx.peek_many(USERS, &ids).await?;
    for ((username, _), user) in page.iter().zip(users) {
        if user.is_none_or(|user| user.username.as_ref() != Some(username)) {
            tx.clear(CREDENTIALS, username);
        }
    }
    let last = page.last().filter(|_| page.len() == PAGE_SIZE);
    Ok(last.map(|(username, _)| username.clone()))
}
