//! From an engine to a [`Store`].

use async_trait::async_trait;
use latchkey_core::{
    AuditEvent, AuditPosition, Denial, FlowId, LoginFlow, Profile, SealedSigningKey, Session,
    SessionId, Timestamp, User, UserId,
};

use super::{Transaction, View, audit, bans, denials, flows, sessions, signing_keys, sweep, users};
use crate::error::StoreError;
use crate::request::{
    EndSession, EndSessions, Ended, LiveSession, NewSession, Opened, Rotate, Rotated,
};
use crate::store::Store;

/// An ordered key-value engine.
pub trait Engine: Send + Sync {
    /// Runs `operation` alone, applies what it wrote as one change, and returns once that is
    /// durable. Nothing is applied if it fails.
    fn write<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// Runs `operation` over the records as they stand.
    fn read<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&dyn View) -> Result<T, StoreError> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// Whether the engine works, with the reason if it does not.
    fn health(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A [`Store`] over an [`Engine`].
#[derive(Debug)]
pub struct KeyValueStore<E>(pub E);

#[async_trait]
impl<E: Engine> Store for KeyValueStore<E> {
    async fn put_login_flow(&self, flow: LoginFlow) -> Result<(), StoreError> {
        self.0.write(move |tx| flows::put(tx, &flow)).await
    }

    async fn take_login_flow(
        &self,
        ids: Vec<FlowId>,
        state: String,
        now: Timestamp,
    ) -> Result<Option<LoginFlow>, StoreError> {
        self.0
            .write(move |tx| flows::take(tx, &ids, &state, now))
            .await
    }

    async fn upsert_identity(
        &self,
        profile: Profile,
        new_id: UserId,
        now: Timestamp,
    ) -> Result<User, StoreError> {
        self.0
            .write(move |tx| users::upsert(tx, profile, new_id, now))
            .await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.0.read(move |view| users::get(view, id)).await
    }

    async fn users_by_email(&self, email: String) -> Result<Vec<User>, StoreError> {
        self.0.read(move |view| users::by_email(view, &email)).await
    }

    async fn ban_user(
        &self,
        id: UserId,
        reason: String,
        now: Timestamp,
    ) -> Result<Option<Vec<Denial>>, StoreError> {
        self.0
            .write(move |tx| bans::ban(tx, id, &reason, now))
            .await
    }

    async fn unban_user(&self, id: UserId, now: Timestamp) -> Result<Option<bool>, StoreError> {
        self.0.write(move |tx| bans::unban(tx, id, now)).await
    }

    async fn open_session(&self, new: NewSession) -> Result<Opened, StoreError> {
        self.0.write(move |tx| sessions::open(tx, &new)).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.0.read(move |view| sessions::get(view, id)).await
    }

    async fn live_sessions(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<LiveSession>, StoreError> {
        self.0
            .read(move |view| sessions::live_with_origin(view, user, now))
            .await
    }

    async fn rotate(&self, rotate: Rotate) -> Result<Option<Rotated>, StoreError> {
        self.0.write(move |tx| sessions::rotate(tx, &rotate)).await
    }

    async fn end_session(&self, end: EndSession) -> Result<Option<Ended>, StoreError> {
        self.0.write(move |tx| sessions::end(tx, end)).await
    }

    async fn end_sessions_of(&self, end: EndSessions) -> Result<Vec<Denial>, StoreError> {
        self.0.write(move |tx| sessions::end_many(tx, end)).await
    }

    async fn end_slice_of_everyone(
        &self,
        slice: u8,
        now: Timestamp,
    ) -> Result<Vec<Ended>, StoreError> {
        self.0
            .write(move |tx| sessions::end_slice(tx, slice, now))
            .await
    }

    async fn deny(&self, denials: Vec<Denial>) -> Result<(), StoreError> {
        self.0
            .write(move |tx| {
                denials
                    .iter()
                    .try_for_each(|denial| denials::put(tx, denial))
            })
            .await
    }

    async fn revoke_token(&self, denial: Denial, event: AuditEvent) -> Result<(), StoreError> {
        self.0
            .write(move |tx| {
                denials::put(tx, &denial)?;
                audit::append_once(tx, &event)
            })
            .await
    }

    async fn audit_events(
        &self,
        user: UserId,
        before: Option<AuditPosition>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<(AuditPosition, AuditEvent)>, StoreError> {
        self.0
            .read(move |view| audit::page(view, user, before, limit, now))
            .await
    }

    async fn live_denials(&self, now: Timestamp) -> Result<Vec<Denial>, StoreError> {
        self.0.read(move |view| denials::live(view, now)).await
    }

    async fn signing_keys(&self) -> Result<Vec<SealedSigningKey>, StoreError> {
        self.0.read(|view| signing_keys::all(view)).await
    }

    async fn add_signing_key(
        &self,
        key: SealedSigningKey,
        after: Option<String>,
        retire_at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.0
            .write(move |tx| signing_keys::add(tx, &key, after.as_deref(), retire_at))
            .await
    }

    async fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.0.write(move |tx| sweep::sweep(tx, now, limit)).await
    }

    async fn health(&self) -> Result<(), StoreError> {
        self.0.health().await
    }
}

#[cfg(test)]
mod tests;
