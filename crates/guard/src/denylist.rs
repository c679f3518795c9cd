//! The denylist in memory, consulted on every authenticated request.
//!
//! The owner fills it from a store at start, then with every new denial. An expired entry refuses
//! nothing; sweeping only frees its memory. Reading a store does not belong here.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use ahash::RandomState;
use latchkey_core::{Cutoff, Denial, DenialReason, Denied, Timestamp};
use latchkey_tokens::AccessClaims;

/// All denials in force. Lookups never block.
///
/// ```
/// use core::time::Duration;
/// use latchkey_core::{Denial, DenialReason, Denied, Timestamp, TokenId};
/// use latchkey_guard::Denylist;
///
/// let denylist = Denylist::default();
/// let now = Timestamp::from_secs(1_800_000_000);
/// denylist.insert(&Denial {
///     denied: Denied::Token(TokenId::from_bytes([7; 16])),
///     reason: DenialReason::Revoked,
///     at: now,
///     until: now.plus(Duration::from_mins(10)),
///     cutoff: None,
///     note: None,
/// });
/// assert_eq!(denylist.len(), 1);
/// ```
pub struct Denylist {
    entries: papaya::HashMap<Denied, Entry, RandomState>,
    /// Entries by expiry, for sweeping. An entry may have been extended since.
    expiries: Mutex<BTreeMap<Timestamp, Vec<Denied>>>,
    insertions: AtomicU64,
    /// The time of the latest sweep, in milliseconds since 1970.
    swept_until: AtomicU64,
}

impl Default for Denylist {
    fn default() -> Self {
        Self {
            // During a resize, writers first help to finish it. Readers never wait, in any mode.
            entries: papaya::HashMap::builder()
                .hasher(RandomState::default())
                .resize_mode(papaya::ResizeMode::Blocking)
                .build(),
            expiries: Mutex::default(),
            insertions: AtomicU64::default(),
            swept_until: AtomicU64::default(),
        }
    }
}

struct Entry {
    reason: DenialReason,
    at: Timestamp,
    until: Timestamp,
    /// Boxed because few entries have it.
    rare: Option<Box<Rare>>,
}

/// The fields that only few entries have.
#[derive(Clone, Copy)]
struct Rare {
    cutoff: Option<Cutoff>,
    /// When an operator lifted the denial.
    lifted: Option<Timestamp>,
}

impl Entry {
    fn of(denial: &Denial) -> Self {
        Self::new(
            denial.reason,
            (denial.at, denial.until),
            denial.cutoff,
            denial.lifted_at(),
        )
    }

    fn new(
        reason: DenialReason,
        (at, until): (Timestamp, Timestamp),
        cutoff: Option<Cutoff>,
        lifted: Option<Timestamp>,
    ) -> Self {
        let is_rare = cutoff.is_some() || lifted.is_some();
        Self {
            reason,
            at,
            until,
            rare: is_rare.then(|| Box::new(Rare { cutoff, lifted })),
        }
    }

    fn cutoff(&self) -> Option<&Cutoff> {
        self.rare.as_ref()?.cutoff.as_ref()
    }

    fn number(&self) -> Option<u64> {
        self.cutoff().map(|cutoff| cutoff.number)
    }

    fn lifted(&self) -> Option<Timestamp> {
        self.rare.as_ref()?.lifted
    }

    /// Whether the denial was lifted, and not added again since.
    fn is_lifted(&self) -> bool {
        self.lifted().is_some_and(|lifted| self.at <= lifted)
    }

    /// This entry combined with a later or concurrent denial of the same target.
    fn merged(&self, denial: &Denial) -> Self {
        let times = (denial.at.max(self.at), denial.until.max(self.until));
        let (cutoff, mut reason) = if denial.cutoff.map(|cutoff| cutoff.number) <= self.number() {
            (self.cutoff().copied(), self.reason)
        } else {
            (denial.cutoff, denial.reason)
        };
        if self.becomes_revoked_by(denial) {
            reason = denial.reason;
        }
        let lifted = denial.lifted_at().max(self.lifted());
        Self::new(reason, times, cutoff, lifted)
    }

    /// Whether this entry is an operator's denial of a single token, and `denial` is the holder's
    /// revocation of that token. The token then counts as revoked, even if it was revoked first, and
    /// no operator can lift the revocation.
    fn becomes_revoked_by(&self, denial: &Denial) -> bool {
        matches!(denial.denied, Denied::Token(_))
            && self.reason == DenialReason::EndedByOperator
            && denial.reason == DenialReason::Revoked
    }

    /// Whether this entry refuses the tokens of a session opened under this cutoff number.
    fn refuses(&self, claims: &AccessClaims, opened_under: u64) -> bool {
        match self.cutoff() {
            Some(cutoff) => cutoff.ends(claims.sid, opened_under),
            // Earlier versions denied users in this form. `iat` is in whole seconds, so a token
            // issued in the same second as the denial is refused.
            None => claims.iat <= self.at.as_secs(),
        }
    }
}

impl Denylist {
    /// Adds a denial. If the target is already denied, the later expiry counts. A lifted denial
    /// overrides a denial added before the lift, whichever of the two arrives first.
    pub fn insert(&self, denial: &Denial) {
        let entries = self.entries.pin();
        let known = entries.get(&denial.denied);
        let is_included = |known: &Entry| {
            denial.until <= known.until
                && denial.at <= known.at
                && denial.cutoff.map(|cutoff| cutoff.number) <= known.number()
                && denial.lifted_at() <= known.lifted()
                && !known.becomes_revoked_by(denial)
        };
        if known.is_some_and(is_included) {
            // A shared store also sends us our own denials.
            return;
        }
        entries.update_or_insert(
            denial.denied,
            |known| known.merged(denial),
            Entry::of(denial),
        );
        // Counted after the entry is visible and before the caller acknowledges the denial.
        self.insertions.fetch_add(1, Ordering::SeqCst);
        let mut expiries = self.expiries.lock().unwrap_or_else(PoisonError::into_inner);
        expiries
            .entry(denial.until)
            .or_default()
            .push(denial.denied);
    }

    /// The latest time up to which entries were removed, by this process or an earlier one. The
    /// entry of a token that had expired by then may be gone, so that token must stay expired even
    /// if the clock is set back.
    pub fn swept_until(&self) -> Timestamp {
        Timestamp::from_millis(self.swept_until.load(Ordering::Relaxed))
    }

    /// Records that an earlier process removed entries up to this time.
    pub fn note_sweep(&self, until: Timestamp) {
        self.swept_until
            .fetch_max(until.as_millis(), Ordering::Relaxed);
    }

    /// Changes whenever an entry is added or updated, and only then. A token that was not refused at
    /// one version is not refused later at the same version, because entries can only expire.
    pub fn version(&self) -> u64 {
        self.insertions.load(Ordering::SeqCst)
    }

    /// Why a token with these claims is refused; `None` if it is not. Does not check `exp`.
    pub fn refusal(&self, claims: &AccessClaims, now: Timestamp) -> Option<DenialReason> {
        self.refusal_by(Denied::Token(claims.jti), now, |_| true)
            .or_else(|| self.session_refusal(claims, now))
    }

    /// Why all tokens of this session are refused: because the session, its user or all users are
    /// denied. `None` if at most this one token is denied.
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
            .filter(|entry| now < entry.until && !entry.is_lifted() && refuses(entry))
            .map(|entry| entry.reason)
    }

    /// Removes expired entries, in the order of their expiry, until `limit` entries were examined, and
    /// returns how many were. Entries with the same expiry are examined together, so the result can
    /// exceed the limit.
    pub fn sweep(&self, now: Timestamp, limit: usize) -> usize {
        let mut expired = Vec::new();
        self.note_sweep(now);
        let mut expiries = self.expiries.lock().unwrap_or_else(PoisonError::into_inner);
        while expired.len() < limit {
            match expiries.first_entry() {
                Some(first) if *first.key() <= now => expired.extend(first.remove()),
                _ => break,
            }
        }
        drop(expiries);
        let entries = self.entries.pin();
        for denied in &expired {
            // An entry may have been extended since.
            let _ = entries.remove_if(denied, |_, entry| entry.until <= now);
        }
        expired.len()
    }

    /// The number of entries, including lifted ones and expired ones that have not been swept yet.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
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

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use latchkey_core::{
        Actor, Denial, DenialNote, DenialReason, Denied, Timestamp, TokenId, UserId,
    };

    use super::Denylist;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    /// Servers receive changes more than once, and may read an old page of denials after a newer
    /// change.
    #[test]
    fn a_lifted_denial_stays_lifted_in_any_order_until_the_token_is_denied_again() {
        let at = |seconds| NOW.plus(Duration::from_secs(seconds));
        let denied = Denied::Token(TokenId::from_bytes([7; 16]));
        let denial = |added, lifted: Option<Timestamp>| Denial {
            denied,
            reason: DenialReason::EndedByOperator,
            at: added,
            until: at(600),
            cutoff: None,
            note: Some(Box::new(DenialNote {
                by: Actor::Application,
                reason: "copied".to_owned(),
                user: UserId::from_bytes([1; 16]),
                lifted,
            })),
        };
        let (added, lifted) = (denial(at(1), None), denial(at(1), Some(at(2))));
        let again = denial(at(3), None);
        let refuses = |denials: &[&Denial]| {
            let denylist = Denylist::default();
            for denial in denials {
                denylist.insert(denial);
            }
            denylist.refusal_by(denied, at(5), |_| true).is_some()
        };
        assert!(refuses(&[&added]));
        for order in [[&added, &lifted], [&lifted, &added]] {
            assert!(!refuses(&order));
        }
        for order in [
            [&added, &lifted, &again],
            [&again, &lifted, &added],
            [&lifted, &again, &lifted],
        ] {
            assert!(refuses(&order));
        }
    }

    #[test]
    fn a_revoked_token_counts_as_revoked_before_and_after_an_operators_denial() {
        let denial = |reason| Denial {
            denied: Denied::Token(TokenId::from_bytes([7; 16])),
            reason,
            at: NOW,
            until: NOW.plus(Duration::from_mins(10)),
            cutoff: None,
            note: None,
        };
        let [revoked, denied] = [DenialReason::Revoked, DenialReason::EndedByOperator].map(denial);
        for order in [[&revoked, &denied], [&denied, &revoked]] {
            let denylist = Denylist::default();
            for denial in order {
                denylist.insert(denial);
            }
            let reason = denylist.refusal_by(revoked.denied, NOW, |_| true);
            assert_eq!(reason, Some(DenialReason::Revoked));
        }
    }
}
