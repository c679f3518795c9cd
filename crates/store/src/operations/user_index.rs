//! The indexes of users: writing a user together with its entries, searching, and building the
//! indexes for records of earlier versions.

use latchkey_core::{Timestamp, User, UserId};

use super::PAGE_SIZE;
use super::index_scan::{IndexScan, PageEnd};
use crate::engine::Engine;
use crate::error::StoreError;
use crate::search::{ListCursor, ListPage, Scan, UserQuery, terms_of};
use crate::table::{
    EMAILS_INDEXED, Email, Key, Newest, Range, Term, TermPrefix, USER_SEARCH, USERS,
    USERS_BY_CREATED, USERS_BY_EMAIL, USERS_INDEXED, Value,
};
use crate::transaction::Tx;

/// Writes a user and its entries in the indexes. Every change of an existing user must use this
/// function. The commit fails if the stored record has changed since this function read it.
pub(super) async fn put(tx: &mut Tx<'_>, user: &User) -> Result<(), StoreError> {
    match tx.get(USERS, &user.id).await? {
        Some(known) if terms_of(&known) == terms_of(user) && known.emails().eq(user.emails()) => {}
        Some(known) => {
            clear_entries(tx, &known);
            put_entries(tx, user);
        }
        None => put_entries(tx, user),
    }
    tx.put(USERS, &user.id, user)
}

/// Adds the entries of a user to the indexes.
pub(super) fn put_entries(tx: &mut Tx<'_>, user: &User) {
    let created = Newest(user.created_at);
    for address in user.emails() {
        tx.put_index(USERS_BY_EMAIL, &(Email::new(address), user.id));
    }
    tx.put_index(USERS_BY_CREATED, &(created, user.id));
    for term in terms_of(user) {
        tx.put_index(USER_SEARCH, &(term, created, user.id));
    }
}

/// Removes the entries of a user from the indexes.
pub(super) fn clear_entries(tx: &mut Tx<'_>, user: &User) {
    let created = Newest(user.created_at);
    for address in user.emails() {
        tx.clear(USERS_BY_EMAIL, &(Email::new(address), user.id));
    }
    tx.clear(USERS_BY_CREATED, &(created, user.id));
    for term in terms_of(user) {
        tx.clear(USER_SEARCH, &(term, created, user.id));
    }
}

/// Searches users. `None` if the cursor belongs to another query.
pub(super) async fn search(
    tx: &mut Tx<'_>,
    query: &UserQuery,
    before: Option<&ListCursor>,
    limit: usize,
    now: Timestamp,
) -> Result<Option<ListPage<User>>, StoreError> {
    if let Ok(id) = query.text.trim().parse::<UserId>()
        && let Some(user) = tx.peek(USERS, &id).await?
    {
        let any_text = UserQuery {
            text: String::new(),
            ..query.clone()
        };
        let items = Some(user).filter(|user| any_text.matches(user, now));
        let page = ListPage {
            items: items.into_iter().collect(),
            next: None,
        };
        return Ok(Some(page));
    }
    if tx.peek(USERS_INDEXED, &()).await?.is_none() {
        // No server of this version has opened the store yet: list all users, in the order of
        // their ids.
        let all = |id: &UserId| (*id, Term(Vec::new()));
        return scan(
            tx,
            USERS.all(),
            all,
            &Scan::Newest,
            query,
            before,
            limit,
            now,
        )
        .await;
    }
    let part = query.scan();
    let entry = |(term, _, id): &(Term, Newest, UserId)| (*id, term.clone());
    match &part {
        Scan::Newest => {
            let newest = |(_, id): &(Newest, UserId)| (*id, Term(Vec::new()));
            let range = USERS_BY_CREATED.all();
            scan(tx, range, newest, &part, query, before, limit, now).await
        }
        Scan::Exact(term) => {
            let range = USER_SEARCH.under(term);
            scan(tx, range, entry, &part, query, before, limit, now).await
        }
        Scan::Prefix(word) => {
            let range = USER_SEARCH.under(&TermPrefix(word));
            scan(tx, range, entry, &part, query, before, limit, now).await
        }
    }
}

/// Reads the users that the entries of a range refer to, until the page is full or enough entries
/// were read. The commit does not depend on what is read here.
#[expect(clippy::too_many_arguments, reason = "private, and each is used once")]
async fn scan<K: Key, V: Value>(
    tx: &mut Tx<'_>,
    range: Range<K, V>,
    entry: impl Fn(&K) -> (UserId, Term),
    part: &Scan,
    query: &UserQuery,
    before: Option<&ListCursor>,
    limit: usize,
    now: Timestamp,
) -> Result<Option<ListPage<User>>, StoreError> {
    let Some(mut scan) = IndexScan::begin(range, before, limit) else {
        return Ok(None);
    };
    let mut items = Vec::new();
    loop {
        let keys = scan.chunk(tx).await?;
        let entries: Vec<_> = keys.iter().map(&entry).collect();
        let ids: Vec<_> = entries.iter().map(|(id, _)| *id).collect();
        let users = tx.peek_many(USERS, &ids).await?;
        for ((key, (_, term)), user) in keys.iter().zip(&entries).zip(users) {
            let Some(user) = user else { continue };
            if part.lists_at(&user, term) && query.matches(&user, now) {
                items.push(user);
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

/// Builds the indexes for users that earlier versions wrote.
pub(super) async fn build(engine: &impl Engine) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let (ids, next) = ids(engine, after).await?;
        let is_last = next.is_none();
        let index = engine.write((ids, is_last), |tx, (ids, is_last)| {
            Box::pin(async move {
                // These reads become conditions, so that a user who is deleted concurrently leaves
                // no entry.
                for user in tx.get_many(USERS, ids).await?.into_iter().flatten() {
                    put_entries(tx, &user);
                }
                if *is_last {
                    tx.put(EMAILS_INDEXED, &(), &true)?;
                    tx.put(USERS_INDEXED, &(), &true)?;
                }
                Ok(())
            })
        });
        index.await?;
        if is_last {
            return Ok(());
        }
        after = next;
    }
}

/// A page of the ids of all users, and the id after which the next page begins if there may be
/// more.
async fn ids(
    engine: &impl Engine,
    after: Option<UserId>,
) -> Result<(Vec<UserId>, Option<UserId>), StoreError> {
    let page = engine.read(after, |tx, after| {
        let after = after.map(|id| USERS.key(&id));
        Box::pin(tx.peek_keys(USERS.all().after(after).limit(PAGE_SIZE)))
    });
    let page = page.await?;
    let next = page.last().copied().filter(|_| page.len() == PAGE_SIZE);
    Ok((page, next))
}
