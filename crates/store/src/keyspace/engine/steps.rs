//! What the operations take in several steps: pages, and what follows a change in changes of its
//! own.

use latchkey_core::{Denial, Session, SessionId, Timestamp, UserId};

use super::{Engine, KeyValueStore};
use crate::error::StoreError;
use crate::keyspace::{Pair, Transaction, View, ends, key, sessions, users};
use crate::request::Ended;

/// How many records are read at once where there may be millions.
pub(super) const PAGE: usize = 1000;

/// How many sessions of one account are looked at. More than that only an account has whose
/// sessions were opened before their number was bounded; the rest counts as what it is.
const SESSIONS_OF_ONE: usize = 2000;

impl<E: Engine> KeyValueStore<E> {
    /// Lets the accounts that an earlier version made be found by their addresses.
    pub(super) async fn index_emails(&self) -> Result<(), StoreError> {
        if self
            .0
            .read(|view| view.get(key::EMAILS_INDEXED))
            .await?
            .is_some()
        {
            return Ok(());
        }
        let mut after = None;
        loop {
            let page = self.page(b"u", after, PAGE).await?;
            after = page
                .last()
                .filter(|_| page.len() == PAGE)
                .map(|(key, _)| key.clone());
            let index = move |tx: &mut Transaction<'_>| users::index_all(tx, &page);
            self.0.write(index).await?;
            if after.is_none() {
                break;
            }
        }
        let done = |tx: &mut Transaction<'_>| tx.put(key::EMAILS_INDEXED.to_vec(), &true);
        self.0.write(done).await
    }

    /// The sessions of a user that may live.
    pub(super) async fn session_ids(&self, user: UserId) -> Result<Vec<SessionId>, StoreError> {
        let prefix = key::sessions_of(user);
        let entries = self.page(&prefix, None, SESSIONS_OF_ONE).await?;
        Ok(sessions::named_by(&entries))
    }

    pub(super) async fn count_live(
        &self,
        user: UserId,
        keep: Option<SessionId>,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let ids = self.session_ids(user).await?;
        self.0
            .read(move |view| ends::count(view, user, &ids, keep, now))
            .await
    }

    /// Ends what is more than the account may have.
    pub(super) async fn make_room(
        &self,
        fresh: &Session,
        room: usize,
        now: Timestamp,
    ) -> Result<Vec<Ended>, StoreError> {
        let (user, fresh) = (fresh.user, fresh.clone());
        let ids = self.session_ids(user).await?;
        if ids.len() <= room {
            return Ok(Vec::new());
        }
        let going = move |view: &dyn View| ends::to_displace(view, user, &ids, &fresh, room, now);
        let going = self.0.read(going).await?;
        let displace = move |tx: &mut Transaction<'_>| ends::displace(tx, &going, now);
        self.0.write(displace).await
    }

    /// Writes down the ends of a user's sessions after a cut-off, which has ended them already: if
    /// this fails or is interrupted, nothing comes back to life. Denials that outlive that of the
    /// cut-off are given back.
    pub(super) async fn write_down(&self, user: UserId) -> Vec<Denial> {
        let mut longer = Vec::new();
        let Ok(ids) = self.session_ids(user).await else {
            return longer;
        };
        for slice in ids.chunks(ends::SLICE) {
            let slice = slice.to_vec();
            let write = move |tx: &mut Transaction<'_>| ends::write_down(tx, &slice, Some(user));
            let Ok(ended) = self.0.write(write).await else {
                return longer;
            };
            let denials = ended.into_iter().map(|ended| ended.denial);
            longer.extend(denials.filter(Denial::outlives_a_cutoff));
        }
        longer
    }

    pub(super) async fn page(
        &self,
        prefix: &[u8],
        after: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<Vec<Pair>, StoreError> {
        let prefix = prefix.to_vec();
        self.0
            .read(move |view| view.page(&prefix, after.as_deref(), limit))
            .await
    }
}

/// The key after which the next page begins, unless this was the last.
pub(super) fn next(mut page: Vec<Pair>, limit: usize) -> Option<Vec<u8>> {
    let is_full = page.len() == limit;
    page.pop().filter(|_| is_full).map(|(key, _)| key)
}
