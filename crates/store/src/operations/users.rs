//! Users and their identities.

use async_trait::async_trait;
use latchkey_core::{Denial, Profile, Requester, SessionId, Timestamp, User, UserId};

use super::{PAGE_SIZE, bans, deletion, ends, identities, user_index};
use crate::engine::Engine;
use crate::error::StoreError;
use crate::request::{
    AllEnded, DeleteOutcome, LinkIdentity, LinkOutcome, UnlinkIdentity, UnlinkOutcome,
};
use crate::search::{ListCursor, ListPage, UserQuery};
use crate::store::Users;
use crate::table::{EMAILS_INDEXED, Email, IDENTITIES, USERS, USERS_BY_EMAIL};
use crate::transaction::Tx;

#[async_trait]
impl<E: Engine> Users for E {
    async fn upsert_identity(
        &self,
        profile: Profile,
        new_id: UserId,
        now: Timestamp,
    ) -> Result<User, StoreError> {
        self.write((profile, new_id, now), |tx, (profile, new_id, now)| {
            Box::pin(upsert(tx, profile, *new_id, *now))
        })
        .await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.read(id, |tx, id| Box::pin(tx.get(USERS, id))).await
    }

    async fn users_by_email(&self, email: String) -> Result<Vec<User>, StoreError> {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let (page, next) = page_by_email(self, &email, after).await?;
            found.extend(page);
            if next.is_none() || found.len() >= PAGE_SIZE {
                return Ok(found);
            }
            after = next;
        }
    }

    async fn oldest_local_accounts_by_email(
        &self,
        email: String,
        limit: usize,
    ) -> Result<Vec<User>, StoreError> {
        let mut oldest = Vec::new();
        let mut after = None;
        loop {
            let (page, next) = page_by_email(self, &email, after).await?;
            oldest.extend(page.into_iter().filter(|user| user.username.is_some()));
            // The pages are in the order of the ids, which are random.
            oldest.sort_by_key(|user| (user.created_at, user.id));
            oldest.truncate(limit);
            if next.is_none() {
                return Ok(oldest);
            }
            after = next;
        }
    }

    async fn search_users(
        &self,
        query: UserQuery,
        before: Option<ListCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Option<ListPage<User>>, StoreError> {
        let search = (query, before, limit, now);
        self.read(search, |tx, (query, before, limit, now)| {
            let search = user_index::search(tx, query, before.as_ref(), *limit, *now);
            Box::pin(search)
        })
        .await
    }

    async fn ban_user(
        &self,
        id: UserId,
        reason: String,
        until: Option<Timestamp>,
        requester: Requester,
        now: Timestamp,
    ) -> Result<Option<AllEnded>, StoreError> {
        let live = ends::count_live(self, id, None, now).await?;
        let ban = (id, reason, until, requester, now);
        let ban = self.write(ban, |tx, (id, reason, until, requester, now)| {
            Box::pin(bans::ban(tx, *id, (reason, *until), requester, *now))
        });
        let Some(denial) = ban.await? else {
            return Ok(None);
        };
        let mut denials = vec![denial];
        denials.extend(ends::record_ends_of_user(self, id).await);
        Ok(Some(AllEnded { denials, live }))
    }

    async fn unban_user(
        &self,
        id: UserId,
        requester: Requester,
        now: Timestamp,
    ) -> Result<Option<bool>, StoreError> {
        self.write((id, requester, now), |tx, (id, requester, now)| {
            Box::pin(bans::unban(tx, *id, requester, *now))
        })
        .await
    }

    async fn set_roles(
        &self,
        id: UserId,
        roles: Vec<String>,
        requester: Requester,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        let change = (id, roles, requester, now);
        self.write(change, |tx, (id, roles, requester, now)| {
            Box::pin(bans::set_roles(tx, *id, roles, requester, *now))
        })
        .await
    }

    async fn link_identity(&self, link: LinkIdentity) -> Result<LinkOutcome, StoreError> {
        self.write(link, |tx, link| Box::pin(identities::link(tx, link)))
            .await
    }

    async fn unlink_identity(&self, unlink: UnlinkIdentity) -> Result<UnlinkOutcome, StoreError> {
        identities::unlink_and_end(self, unlink).await
    }

    async fn delete_user(
        &self,
        id: UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<DeleteOutcome, StoreError> {
        deletion::delete_user(self, id, session, now).await
    }

    async fn finish_deletions(
        &self,
        limit: usize,
        now: Timestamp,
        denials: &mut Vec<Denial>,
    ) -> Result<usize, StoreError> {
        deletion::finish_all(self, limit, now, denials).await
    }
}

/// Updates the profile of the user with this identity, or creates the user.
async fn upsert(
    tx: &mut Tx<'_>,
    profile: &Profile,
    new_id: UserId,
    now: Timestamp,
) -> Result<User, StoreError> {
    // Most sign-ins change nothing, so they need no conditions.
    if let Some(id) = tx.peek(IDENTITIES, &profile.identity).await?
        && let Some(user) = tx.peek(USERS, &id).await?
        && user.clone().updated(profile.clone()) == user
    {
        return Ok(user);
    }
    let known = match tx.get(IDENTITIES, &profile.identity).await? {
        Some(id) => tx.get(USERS, &id).await?,
        None => None,
    };
    let user = if let Some(user) = known {
        let user = user.updated(profile.clone());
        user_index::put(tx, &user).await?;
        user
    } else {
        let user = User::create(new_id, profile.clone(), now);
        user_index::put_entries(tx, &user);
        tx.put(USERS, &user.id, &user)?;
        user
    };
    tx.put(IDENTITIES, &profile.identity, &user.id)?;
    Ok(user)
}

/// A page of users in the order of their ids, and the id after which the next page begins if there
/// may be more.
type UserPage = (Vec<User>, Option<UserId>);

/// A page of the users with this email address, which begins after the id `after`.
async fn page_by_email(
    engine: &impl Engine,
    email: &str,
    after: Option<UserId>,
) -> Result<UserPage, StoreError> {
    let page = engine.read((email.to_owned(), after), |tx, (email, after)| {
        Box::pin(page_of_index(tx, email, *after))
    });
    if let Some(page) = page.await? {
        return Ok(page);
    }
    // The index is not built yet: no server of this version has opened the store.
    let (mut page, next) = page_of_all(engine, after).await?;
    page.retain(|user| has_email(user, email));
    Ok((page, next))
}

/// The page of the index. `None` if the index is not built yet.
async fn page_of_index(
    tx: &mut Tx<'_>,
    email: &str,
    after: Option<UserId>,
) -> Result<Option<UserPage>, StoreError> {
    let after = after.map(|id| USERS_BY_EMAIL.key(&(Email::new(email), id)));
    let entries = USERS_BY_EMAIL.under(&Email::new(email));
    let entries = entries.after(after).limit(PAGE_SIZE);
    tx.prefetch(vec![EMAILS_INDEXED.at(&()), entries.read()])
        .await?;
    if tx.peek(EMAILS_INDEXED, &()).await?.is_none() {
        return Ok(None);
    }
    let entries = tx.peek_keys(entries).await?;
    let ids: Vec<_> = entries.into_iter().map(|(_, id)| id).collect();
    let next = ids.last().copied().filter(|_| ids.len() == PAGE_SIZE);
    let users = tx.peek_many(USERS, &ids).await?.into_iter().flatten();
    let users = users.filter(|user| has_email(user, email));
    Ok(Some((users.collect(), next)))
}

fn has_email(user: &User, email: &str) -> bool {
    user.emails()
        .any(|address| address.eq_ignore_ascii_case(email))
}

/// A page of all users.
async fn page_of_all(engine: &impl Engine, after: Option<UserId>) -> Result<UserPage, StoreError> {
    let page = engine.read(after, |tx, after| {
        let after = after.map(|id| USERS.key(&id));
        Box::pin(tx.range(USERS.all().after(after).limit(PAGE_SIZE)))
    });
    let page = page.await?;
    let last = page.last().filter(|_| page.len() == PAGE_SIZE);
    let next = last.map(|(id, _)| *id);
    Ok((page.into_iter().map(|(_, user)| user).collect(), next))
}
