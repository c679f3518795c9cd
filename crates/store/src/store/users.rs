//! The store traits for users and local accounts.

use async_trait::async_trait;
use latchkey_core::{
    Credential, Denial, LinkHash, OneTimeLink, Profile, Requester, SessionId, Timestamp, User,
    UserId, Username,
};

use crate::error::StoreError;
use crate::request::{
    AllEnded, CreateOutcome, DeleteOutcome, LinkIdentity, LinkOutcome, NewLocalUser, SetPassword,
    SetPasswordOutcome, UnlinkIdentity, UnlinkOutcome,
};
use crate::search::{ListCursor, ListPage, UserQuery};

/// Users.
#[async_trait]
pub trait Users: Send + Sync {
    /// Finds the user with this identity and updates the claims of the identity, or creates the user
    /// with `new_id`.
    async fn upsert_identity(
        &self,
        profile: Profile,
        new_id: UserId,
        now: Timestamp,
    ) -> Result<User, StoreError>;

    /// The user with this id.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The users with this email address, from any provider and whether verified or not. For looking
    /// users up and for sending mail to the stored address; the address never proves who someone is.
    /// If more than 1000 users have it, some of them are missing. Reads in several steps.
    async fn users_by_email(&self, email: String) -> Result<Vec<User>, StoreError>;

    /// Up to `limit` local accounts with this email address, oldest first. However many accounts
    /// have the address, the oldest are found. Reads in several steps.
    async fn oldest_local_accounts_by_email(
        &self,
        email: String,
        limit: usize,
    ) -> Result<Vec<User>, StoreError>;

    /// Up to `limit` users that match the query, and where the next page begins. `None` if `before`
    /// belongs to another query.
    ///
    /// If the query contains no words, the newest accounts come first; otherwise, the order is that
    /// of an index. A user who does not change while pages are read is listed exactly once. The work
    /// for a page is bounded, so a page may be short although there are more.
    async fn search_users(
        &self,
        query: UserQuery,
        before: Option<ListCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Option<ListPage<User>>, StoreError>;

    /// Bans a user: ends all sessions and denies all access tokens of the user. `None` if there is
    /// no such user. A second ban replaces the reason and `until`, the end of the ban. `requester` is
    /// who bans the user.
    ///
    /// The ban is one atomic change. The session records are updated in later changes; nothing
    /// depends on those.
    async fn ban_user(
        &self,
        id: UserId,
        reason: String,
        until: Option<Timestamp>,
        requester: Requester,
        now: Timestamp,
    ) -> Result<Option<AllEnded>, StoreError>;

    /// Lifts a ban and returns whether one was in force; `None` if there is no such user.
    async fn unban_user(
        &self,
        id: UserId,
        requester: Requester,
        now: Timestamp,
    ) -> Result<Option<bool>, StoreError>;

    /// Replaces the roles that were granted to a user by `roles`, which must be in the form that
    /// [`granted_roles`](latchkey_core::user::granted_roles) returns. Returns the user, or `None` if
    /// there is no such user.
    async fn set_roles(
        &self,
        id: UserId,
        roles: Vec<String>,
        requester: Requester,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError>;

    /// Adds an identity to a user. Concurrent calls, or sign-ins with the identity, never give it to
    /// more than one user.
    async fn link_identity(&self, link: LinkIdentity) -> Result<LinkOutcome, StoreError>;

    /// Removes an identity from a user, and ends the sessions that were opened with it. Refused if
    /// the session that requested it has ended or the user is banned; the caller might not have read
    /// the denial yet.
    ///
    /// The removal is one atomic change, which ends and denies up to 100 sessions. The others end
    /// with it, too: no refresh succeeds without the identity. Later changes deny their access
    /// tokens.
    async fn unlink_identity(&self, unlink: UnlinkIdentity) -> Result<UnlinkOutcome, StoreError>;

    /// Deletes a user: ends all sessions, denies all access tokens, and removes all records about
    /// the user except the denial and the audit log, whose entries keep the user's id but lose
    /// the addresses and devices. A later sign-in with the same identity creates another user.
    /// `session` is the session that requested the deletion; it must be live.
    ///
    /// The first change removes the user with all identities. Other records follow in changes of
    /// bounded size. If one of them fails, [`finish_deletions`](Self::finish_deletions) continues.
    async fn delete_user(
        &self,
        id: UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<DeleteOutcome, StoreError>;

    /// Removes what [`delete_user`](Self::delete_user) left behind because it was interrupted or a
    /// server wrote an audit record late, for up to `limit` users. Returns how many deletions are
    /// complete; a deletion is complete some minutes after it began. Can be repeated, and can run on
    /// several servers at the same time.
    ///
    /// Every denial that it writes is also added to `denials`, even if it fails afterwards. Such
    /// denials are needed for access tokens that outlive the denial of the user because a clock was
    /// ahead.
    async fn finish_deletions(
        &self,
        limit: usize,
        now: Timestamp,
        denials: &mut Vec<Denial>,
    ) -> Result<usize, StoreError>;
}

/// Local accounts. The caller hashes passwords, and links are stored under the hash of their token.
#[async_trait]
pub trait LocalAccounts: Send + Sync {
    /// The credential with this username. Reads one record, whether or not the username exists.
    async fn credential(&self, username: Username) -> Result<Option<Credential>, StoreError>;

    /// The link with this hash; `None` if it is unknown, used, replaced or expired.
    async fn one_time_link(
        &self,
        hash: LinkHash,
        now: Timestamp,
    ) -> Result<Option<OneTimeLink>, StoreError>;

    /// Creates a user with a username and uses up the invitation, if there is one.
    async fn create_local_user(&self, new: NewLocalUser) -> Result<CreateOutcome, StoreError>;

    /// Sets a password, voids every link that could set it, and ends the user's other sessions.
    /// Atomic in the same way as [`Users::ban_user`].
    async fn set_password(&self, set: SetPassword) -> Result<SetPasswordOutcome, StoreError>;

    /// Replaces the hash of a password with a hash of the same password with other parameters.
    /// `false` if `from` is no longer the stored hash.
    async fn replace_hash(
        &self,
        username: Username,
        from: String,
        to: String,
    ) -> Result<bool, StoreError>;

    /// Adds a link. A user has at most two links that set the password: one that an operator created,
    /// and one that was requested for the user. A new one voids the previous one of its kind.
    /// `false` if there is no such user.
    async fn add_one_time_link(
        &self,
        hash: LinkHash,
        link: OneTimeLink,
        requester: Requester,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
}
