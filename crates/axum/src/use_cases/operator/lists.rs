//! Lists of users and sessions, page by page.

use core::cmp::Reverse;

use latchkey_core::{User, UserId};
use latchkey_store::{InvalidCursor, ListCursor, ListPage, LiveSession, SessionOfUser, UserQuery};

use super::{Operator, OperatorError, UserSelector};

impl Operator<'_> {
    /// Up to `limit` users that match the query.
    pub async fn users(
        &self,
        query: UserQuery,
        before: Option<ListCursor>,
        limit: usize,
    ) -> Result<ListPage<User>, OperatorError> {
        let page = self
            .store
            .search_users(query, before, limit, self.now)
            .await?;
        page.ok_or(InvalidCursor.into())
    }

    /// Up to `limit` live sessions of all users, newest first.
    pub async fn sessions(
        &self,
        before: Option<ListCursor>,
        limit: usize,
    ) -> Result<ListPage<SessionOfUser>, OperatorError> {
        let page = self.store.all_sessions(before, limit, self.now).await?;
        page.ok_or(InvalidCursor.into())
    }

    /// The live sessions of a user, newest first.
    pub async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionOfUser>, OperatorError> {
        let user = self.find(&UserSelector::Id(user)).await?;
        let mut live = self.store.live_sessions(user.id, self.now).await?;
        live.sort_by_key(|LiveSession { session, .. }| (Reverse(session.opened_at), session.id));
        let of_user = |live| SessionOfUser {
            live,
            user: user.clone(),
        };
        Ok(live.into_iter().map(of_user).collect())
    }
}
