//! The denylist in memory: asked on every authenticated request.
//!
//! Entries come from the store at start and from every denial since. An entry that has ended
//! refuses nothing any more; sweeping only frees its memory.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use ahash::RandomState;
use latchkey_core::{Cutoff, Denial, DenialReason, Denied, Timestamp};
use latchkey_store::{Store, StoreError};
use latchkey_tokens::AccessClaims;

/// All denials in force. Asking it never waits for anyone.
pub struct Denylist {
    entries: papaya::HashMap<Denied, Entry, RandomState>,
    /// What may have ended, in the order of the ends; an entry may have been given a later one.
    ends: Mutex<BTreeMap<Timestamp, Vec<Denied>>>,
    insertions: AtomicU64,
    /// The latest moment of a sweep, in milliseconds since 1970.
    swept_until: AtomicU64,
}

impl Default for Denylist {
    fn default() -> Self {
        Self {
            // Whoever adds while the map grows helps to move all of it: that is over sooner, and
            // whoever asks waits in neither mode.
            entries: papaya::HashMap::builder()
                .hasher(RandomState::default())
                .resize_mode(papaya::ResizeMode::Blocking)
                .build(),
            ends: Mutex::default(),
            insertions: AtomicU64::default(),
            swept_until: AtomicU64::default(),
        }
    }
}

struct Entry {
    reason: DenialReason,
    at: Timestamp,
    until: Timestamp,
    /// In a box, for hardly any entry has one.
    cutoff: Option<Box<Cutoff>>,
}

impl Entry {
    fn of(denial: &Denial) -> Self {
        Self {
            reason: denial.reason,
            at: denial.at,
            until: denial.until,
            cutoff: denial.cutoff.map(Box::new),
        }
    }

    fn number(&self) -> Option<u64> {
        self.cutoff.as_ref().map(|cutoff| cutoff.number)
    }

    /// What this one and a later or concurrent one say together.
    fn merged(&self, denial: &Denial) -> Self {
        let mut merged = Self::of(denial);
        merged.at = merged.at.max(self.at);
        merged.until = merged.until.max(self.until);
        if merged.number() <= self.number() {
            merged.cutoff.clone_from(&self.cutoff);
            merged.reason = self.reason;
        }
        merged
    }

    /// Whether it refuses the tokens of a session, given the number that the session was opened
    /// under.
    fn refuses(&self, claims: &AccessClaims, opened_under: u64) -> bool {
        match &self.cutoff {
            Some(cutoff) => cutoff.ends(claims.sid, opened_under),
            // As earlier versions denied a user. `iat` has whole seconds: within the second of the
            // denial, refuse.
            None => claims.iat <= self.at.as_secs(),
        }
    }
}

impl Denylist {
    /// Refuses from now on what `denial` says. One that is there already keeps the later end.
    pub fn insert(&self, denial: &Denial) {
        let entries = self.entries.pin();
        let known = entries.get(&denial.denied);
        let says_nothing_new = |known: &Entry| {
            denial.until <= known.until
                && denial.at <= known.at
                && denial.cutoff.map(|cutoff| cutoff.number) <= known.number()
        };
        if known.is_some_and(says_nothing_new) {
            // Of a shared store, one hears of one's own denials as well.
            return;
        }
        entries.update_or_insert(
            denial.denied,
            |known| known.merged(denial),
            Entry::of(denial),
        );
        // After the entry is there and before whoever denied is answered.
        self.insertions.fetch_add(1, Ordering::SeqCst);
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.entry(denial.until).or_default().push(denial.denied);
    }

    /// Takes over every denial of the store. Also those that have ended: by a clock that may be
    /// set back. The sweeps free them.
    pub async fn load(&self, store: &dyn Store) -> Result<(), StoreError> {
        const PAGE: usize = 10_000;
        self.note_sweep(store.swept_until().await?);
        let mut after = None;
        loop {
            let (page, next) = store.denials(after, PAGE).await?;
            for denial in &page {
                self.insert(denial);
            }
            if next.is_none() {
                return Ok(());
            }
            after = next;
        }
    }

    /// The latest moment at which entries were freed, by this process or an earlier one. A token
    /// that had expired by then may be one whose entry is gone: it has expired once and for all,
    /// even if the clock is set back.
    pub fn swept_until(&self) -> Timestamp {
        Timestamp::from_millis(self.swept_until.load(Ordering::Relaxed))
    }

    /// Takes over the moment of an earlier sweep.
    pub fn note_sweep(&self, until: Timestamp) {
        self.swept_until
            .fetch_max(until.as_millis(), Ordering::Relaxed);
    }

    /// Moves with every [`insert`](Self::insert), and with nothing else. What was not refused at
    /// one version is not refused at the same version later: entries only ever stop refusing.
    pub fn version(&self) -> u64 {
        self.insertions.load(Ordering::SeqCst)
    }

    /// Why a token with these claims is refused, if it is.
    pub fn refusal(&self, claims: &AccessClaims, now: Timestamp) -> Option<DenialReason> {
        self.refusal_by(Denied::Token(claims.jti), now, |_| true)
            .or_else(|| self.session_refusal(claims, now))
    }

    /// Why every token of this session is refused, if it is: because of the session or its user,
    /// not of this one token.
    pub fn session_refusal(&self, claims: &AccessClaims, now: Timestamp) -> Option<DenialReason> {
        self.refusal_by(Denied::Session(claims.sid), now, |_| true)
            .or_else(|| {
                self.refusal_by(Denied::User(claims.sub), now, |entry| {
                    entry.refuses(claims, claims.cut.user)
                })
            })
            .or_else(|| {
                self.refusal_by(Denied::Everyone, now, |entry| {
                    entry.refuses(claims, claims.cut.everyone)
                })
            })
    }

    fn refusal_by(
        &self,
        denied: Denied,
        now: Timestamp,
        refuses: impl Fn(&Entry) -> bool,
    ) -> Option<DenialReason> {
        let entries = self.entries.pin();
        entries
            .get(&denied)
            .filter(|entry| now < entry.until && refuses(entry))
            .map(|entry| entry.reason)
    }

    /// Frees up to `limit` entries that have ended and says how many were looked at.
    pub fn sweep(&self, now: Timestamp, limit: usize) -> usize {
        let mut ended = Vec::new();
        self.note_sweep(now);
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        while ended.len() < limit {
            match ends.first_entry() {
                Some(first) if *first.key() <= now => ended.extend(first.remove()),
                _ => break,
            }
        }
        drop(ends);
        let entries = self.entries.pin();
        for denied in &ended {
            // Only what has ended: it may have been given a later end meanwhile.
            let _ = entries.remove_if(denied, |_, entry| entry.until <= now);
        }
        ended.len()
    }

    /// How many entries there are, ended ones that were not swept yet included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl fmt::Debug for Denylist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Denylist")
            .field("len", &self.len())
            .finish()
    }
}
