//! Lists of sessions: the live sessions of all users, from the index sorted by the time of opening,
//! and all stored sessions of one user.

use latchkey_core::{SessionId, Timestamp, UserId};

use super::PAGE_SIZE;
use super::index_scan::{IndexScan, PageEnd};
use super::session_record::{by_opened, current, is_live, peek_all};
use crate::engine::Engine;
use crate::error::StoreError;
use crate::request::{LiveSession, SessionOfUser, StoredSessions};
use crate::search::{ListCursor, ListPage};
use crate::table::{
    ENDED_SESSIONS_OF_USER, EVERYONE, Key, Newest, Range, SESSION_ORIGINS, SESSIONS,
    SESSIONS_BY_OPENED, SESSIONS_INDEXED, SESSIONS_OF_USER, USERS, Value,
};
use crate::transaction::Tx;

/// A page of the live sessions. `None` if the cursor belongs to another list.
pub(super) async fn page(
    tx: &mut Tx<'_>,
    before: Option<&ListCursor>,
    limit: usize,
    now: Timestamp,
) -> Result<Option<ListPage<SessionOfUser>>, StoreError> {
    if tx.peek(SESSIONS_INDEXED, &()).await?.is_some() {
        let id = |(_, id): &(Newest, SessionId)| *id;
        return scan(tx, SESSIONS_BY_OPENED.all(), id, before, limit, now).await;
    }
    // No server of this version has opened the store yet: list the sessions in the order of their
    // ids.
    scan(tx, SESSIONS.all(), |id: &SessionId| *id, before, limit, now).await
}

async fn scan<K: Key, V: Value>(
    tx: &mut Tx<'_>,
    range: Range<K, V>,
    id: impl Fn(&K) -> SessionId,
    before: Option<&ListCursor>,
    limit: usize,
    now: Timestamp,
) -> Result<Option<ListPage<SessionOfUser>>, StoreError> {
    let Some(mut scan) = IndexScan::begin(range, before, limit) else {
        return Ok(None);
    };
    let everyone = tx.peek(EVERYONE, &()).await?;
    let mut items = Vec::new();
    loop {
        let keys = scan.chunk(tx).await?;
        let ids: Vec<_> = keys.iter().map(&id).collect();
        let mut reads: Vec<_> = ids.iter().map(|id| SESSION_ORIGINS.at(id)).collect();
        reads.extend(ids.iter().map(|id| SESSIONS.at(id)));
        tx.prefetch(reads).await?;
        let sessions = tx.peek_many(SESSIONS, &ids).await?;
        let users = sessions
            .iter()
            .flatten()
            .map(|session| USERS.at(&session.user));
        tx.prefetch(users.collect()).await?;
        for (key, session) in keys.iter().zip(sessions) {
            let Some(session) = session else { continue };
            let user = tx.peek(USERS, &session.user).await?;
            let origin = tx.peek(SESSION_ORIGINS, &session.id).await?;
            let (Some(user), Some(origin)) = (user, origin) else {
                continue;
            };
            let session = current(&session, Some(&user), everyone.as_ref());
            if is_live(&session, now) {
                let live = LiveSession { session, origin };
                items.push(SessionOfUser { live, user });
                if items.len() == limit {
                    let next = Some(scan.cursor(key));
                    return Ok(Some(ListPage { items, next }));
                }
            }
        }
        if let PageEnd::Ended(next) = scan.end_after(&keys) {
            return Ok(Some(ListPage { items, next }));
        }
    }
}

/// A page of all stored sessions of a user, in the order of their ids.
pub(super) async fn stored(
    tx: &mut Tx<'_>,
    user: UserId,
    after: Option<SessionId>,
    limit: usize,
) -> Result<StoredSessions, StoreError> {
    // Both indexes are sorted by id.
    let ranges = [SESSIONS_OF_USER, ENDED_SESSIONS_OF_USER].map(|index| {
        let after = after.map(|id| index.key(&(user, id)));
        index.under(&user).after(after).limit(limit)
    });
    let [live, ended] = ranges;
    tx.prefetch(vec![live.read(), ended.read()]).await?;
    let mut ids = Vec::new();
    for range in [live, ended] {
        ids.extend(tx.peek_keys(range).await?.into_iter().map(|(_, id)| id));
    }
    ids.sort_unstable();
    ids.dedup();
    ids.truncate(limit);
    let mut reads: Vec<_> = ids.iter().map(|id| SESSION_ORIGINS.at(id)).collect();
    reads.extend(ids.iter().map(|id| SESSIONS.at(id)));
    reads.extend([EVERYONE.at(&()), USERS.at(&user)]);
    tx.prefetch(reads).await?;
    let mut sessions = Vec::new();
    for session in peek_all(tx, user, &ids).await? {
        // A session without an origin was swept between the two reads.
        if let Some(origin) = tx.peek(SESSION_ORIGINS, &session.id).await? {
            sessions.push((session, origin));
        }
    }
    let next = ids.last().copied().filter(|_| ids.len() == limit);
    Ok(StoredSessions { sessions, next })
}

/// Builds the index for sessions that earlier versions wrote.
pub(super) async fn build_index(engine: &impl Engine) -> Result<(), StoreError> {
    let mut after: Option<SessionId> = None;
    loop {
        let page = engine.read(after, |tx, after| {
            let after = after.map(|id| SESSIONS.key(&id));
            Box::pin(tx.peek_keys(SESSIONS.all().after(after).limit(PAGE_SIZE)))
        });
        let page = page.await?;
        after = page.last().copied().filter(|_| page.len() == PAGE_SIZE);
        let is_last = after.is_none();
        let index = engine.write((page, is_last), |tx, (ids, is_last)| {
            Box::pin(async move {
                // If a session ends concurrently, its entry is stale until the session is swept.
                for session in tx.peek_many(SESSIONS, ids).await?.into_iter().flatten() {
                    if session.status.is_live() {
                        tx.put_index(SESSIONS_BY_OPENED, &by_opened(&session));
                    }
                }
                if *is_last {
                    tx.put(SESSIONS_INDEXED, &(), &true)?;
                }
                Ok(())
            })
        });
        index.await?;
        if is_last {
            return Ok(());
        }
    }
}
