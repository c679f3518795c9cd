//! From an engine to a [`Store`].

use async_trait::async_trait;
use latchkey_core::{
    AuditEvent, AuditPosition, Denial, Denied, FlowId, Profile, SealedSigningKey, Session,
    SessionId, StoreId, Timestamp, User, UserId,
};

mod steps;

use steps::{PAGE, next};

use super::{
    Transaction, View, audit, backup, bans, denials, ends, flows, key, sessions, signing_keys,
    store_id, sweep, users,
};
use crate::backup::{ExportCursor, Record};
use crate::error::StoreError;
use crate::feed::ChangeFeed;
use crate::request::{
    AllEnded, EndSession, EndSessions, Ended, LiveSession, NewSession, Opened, Rotate, Rotated,
};
use crate::store::Store;

/// An ordered key-value engine.
pub trait Engine: Send + Sync {
    /// Runs `operation` as if alone, applies what it wrote as one change, and returns once that is
    /// durable. If the operation fails, nothing is applied; if the engine fails, the change may or
    /// may not have been made. The operation may run several times, until one run counts.
    fn write<T: Send + 'static>(
        &self,
        operation: impl Fn(&mut Transaction<'_>) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// Runs `operation` over the records as they stand at one moment. It may run several times.
    /// Where it reads no more than a single page, a change may come between two records of it.
    fn read<T: Send + 'static>(
        &self,
        operation: impl Fn(&dyn View) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// Whether the engine works, with the reason if it does not.
    fn health(&self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Begins to listen to what other processes do; `None` if none can.
    fn follow(
        &self,
    ) -> impl Future<Output = Result<Option<Box<dyn ChangeFeed>>, StoreError>> + Send {
        core::future::ready(Ok(None))
    }

    /// From now on no other store may answer: of use where another one could.
    fn pin(&self, _id: StoreId) {}
}

/// A [`Store`] over an [`Engine`].
#[derive(Debug)]
pub struct KeyValueStore<E>(pub E);

#[async_trait]
impl<E: Engine> Store for KeyValueStore<E> {
    async fn finish_login_flow(&self, id: FlowId, until: Timestamp) -> Result<bool, StoreError> {
        self.0.write(move |tx| flows::finish(tx, id, until)).await
    }

    async fn is_login_flow_finished(&self, id: FlowId) -> Result<bool, StoreError> {
        self.0.read(move |view| flows::is_finished(view, id)).await
    }

    async fn upsert_identity(
        &self,
        profile: Profile,
        new_id: UserId,
        now: Timestamp,
    ) -> Result<User, StoreError> {
        self.0
            .write(move |tx| users::upsert(tx, &profile, new_id, now))
            .await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.0.read(move |view| users::get(view, id)).await
    }

    async fn users_by_email(&self, email: String) -> Result<Vec<User>, StoreError> {
        if self
            .0
            .read(|view| view.get(key::EMAILS_INDEXED))
            .await?
            .is_some()
        {
            let prefix = key::with_email(&email);
            let entries = self.page(&prefix, None, PAGE).await?;
            let found = move |view: &dyn View| users::of_entries(view, &entries, &email);
            return self.0.read(found).await;
        }
        // No server of this version has opened the store yet.
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = self.page(b"u", after, PAGE).await?;
            found.extend(users::with_email(&page, &email)?);
            let Some(last) = next(page, PAGE) else {
                return Ok(found);
            };
            after = Some(last);
        }
    }

    async fn ban_user(
        &self,
        id: UserId,
        reason: String,
        now: Timestamp,
    ) -> Result<Option<AllEnded>, StoreError> {
        let live = self.count_live(id, None, now).await?;
        let ban = move |tx: &mut Transaction<'_>| bans::ban(tx, id, &reason, now);
        let Some(denial) = self.0.write(ban).await? else {
            return Ok(None);
        };
        let mut denials = vec![denial];
        denials.extend(self.write_down(id).await);
        Ok(Some(AllEnded { denials, live }))
    }

    async fn unban_user(&self, id: UserId, now: Timestamp) -> Result<Option<bool>, StoreError> {
        self.0.write(move |tx| bans::unban(tx, id, now)).await
    }

    async fn open_session(&self, new: NewSession) -> Result<Opened, StoreError> {
        let (room, now) = (new.max_sessions, new.session.opened_at);
        let mut opened = self.0.write(move |tx| sessions::open(tx, &new)).await?;
        if let Opened::Opened(started) = &mut opened {
            // A change of its own: what the account's other sessions do must not keep a person from
            // signing in. If it fails, the next sign-in makes room.
            let made = self.make_room(&started.session, room, now).await;
            started.displaced = made.unwrap_or_default();
        }
        Ok(opened)
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.0.read(move |view| sessions::get(view, id)).await
    }

    async fn live_sessions(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<LiveSession>, StoreError> {
        let ids = self.session_ids(user).await?;
        self.0
            .read(move |view| sessions::live_with_origin(view, user, &ids, now))
            .await
    }

    async fn rotate(&self, rotate: Rotate) -> Result<Option<Rotated>, StoreError> {
        self.0.write(move |tx| sessions::rotate(tx, &rotate)).await
    }

    async fn end_session(&self, end: EndSession) -> Result<Option<Ended>, StoreError> {
        self.0.write(move |tx| sessions::end(tx, &end)).await
    }

    async fn end_sessions_of(&self, end: EndSessions) -> Result<Option<AllEnded>, StoreError> {
        let keep = match end.keep {
            Some(id) => self.session(id).await?.filter(|it| it.user == end.user),
            None => None,
        };
        // What it was opened under never changes, so it may be read before.
        let keep = keep.map(|session| (session.id, session.cutoffs));
        let EndSessions { user, now, .. } = end;
        let live = self.count_live(user, end.keep, now).await?;
        let end_all = move |tx: &mut Transaction<'_>| {
            let told = Some(&end.device).filter(|_| live > 0);
            ends::end_all(tx, user, end.reason, keep, told, now)
        };
        let Some(denial) = self.0.write(end_all).await? else {
            return Ok(None);
        };
        let mut denials = vec![denial];
        denials.extend(self.write_down(user).await);
        Ok(Some(AllEnded { denials, live }))
    }

    async fn end_everyone(&self, now: Timestamp) -> Result<Denial, StoreError> {
        self.0.write(move |tx| ends::end_everyone(tx, now)).await
    }

    async fn write_down_ends(&self, slice: u8) -> Result<Vec<Ended>, StoreError> {
        let mut ended = Vec::new();
        let mut after = None;
        loop {
            let page = self.page(&[b's', slice], after, ends::SLICE).await?;
            let ids = ends::not_written(&page)?;
            if !ids.is_empty() {
                let write = move |tx: &mut Transaction<'_>| ends::write_down(tx, &ids, None);
                ended.extend(self.0.write(write).await?);
            }
            let Some(last) = next(page, ends::SLICE) else {
                return Ok(ended);
            };
            after = Some(last);
        }
    }

    async fn deny(&self, denials: Vec<Denial>) -> Result<(), StoreError> {
        self.0.write(move |tx| denials::put_all(tx, &denials)).await
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

    async fn denials(
        &self,
        after: Option<Denied>,
        limit: usize,
    ) -> Result<(Vec<Denial>, Option<Denied>), StoreError> {
        let after = after.map(|denied| key::denial(&denied));
        let page = self.page(key::DENIALS, after, limit).await?;
        let denials = denials::of_pairs(&page)?;
        let last = denials.last().filter(|_| page.len() == limit);
        let next = last.map(|denial| denial.denied);
        Ok((denials, next))
    }

    async fn follow(&self) -> Result<Option<Box<dyn ChangeFeed>>, StoreError> {
        self.0.follow().await
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
        let entries = self.page(key::EXPIRIES, None, limit).await?;
        let sweep = move |tx: &mut Transaction<'_>| sweep::sweep(tx, &entries, now);
        self.0.write(sweep).await
    }

    async fn swept_until(&self) -> Result<Timestamp, StoreError> {
        self.0.read(sweep::until).await
    }

    async fn id(&self) -> Result<Option<StoreId>, StoreError> {
        self.0.read(store_id::get).await
    }

    async fn identify(&self, fresh: StoreId, now: Timestamp) -> Result<StoreId, StoreError> {
        let identify = move |tx: &mut Transaction<'_>| store_id::identify(tx, fresh, now);
        let id = self.0.write(identify).await?;
        self.0.pin(id);
        self.index_emails().await?;
        Ok(id)
    }

    async fn export(
        &self,
        from: Option<ExportCursor>,
    ) -> Result<(Vec<Record>, Option<ExportCursor>), StoreError> {
        self.0
            .read(move |view| backup::export(view, from.as_ref()))
            .await
    }

    async fn begin_import(&self) -> Result<bool, StoreError> {
        self.0.write(backup::begin_import).await
    }

    async fn import(&self, records: Vec<Record>) -> Result<(), StoreError> {
        self.0.write(move |tx| backup::import(tx, &records)).await
    }

    async fn finish_import(&self) -> Result<(), StoreError> {
        let finish = |tx: &mut Transaction<'_>| {
            tx.remove(key::IMPORTING.to_vec());
            tx.put(key::EMAILS_INDEXED.to_vec(), &true)
        };
        self.0.write(finish).await
    }

    async fn health(&self) -> Result<(), StoreError> {
        self.0.health().await
    }
}

#[cfg(test)]
mod tests;
