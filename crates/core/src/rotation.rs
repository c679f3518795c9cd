//! What to do with a presented refresh token: the one decision at the heart of Latchkey.
//!
//! | presented generation `n`, in force `g` | condition | decision |
//! |---|---|---|
//! | any | session ended, user banned, past either end | [`Decision::Refused`] |
//! | any | session bound, proof missing or by another key | [`Decision::Unproven`] |
//! | `n = g` | | [`Decision::Rotated`] to `g + 1` |
//! | `n = g − 1` | same idempotency key as that rotation | [`Decision::Repeated`] |
//! | `n = g − 1` | other or no key, within the grace | [`Decision::Superseded`] |
//! | older `n` | its key is remembered | [`Decision::Superseded`] |
//! | `n < g` otherwise | | [`Decision::Replayed`], the session ends |
//! | `n > g` | the store was restored from a backup | adopt `n`, go on as `n = g` |
//!
//! Only tokens whose signature, type and expiry were found good come here.

use core::time::Duration;

use crate::clock::Timestamp;
use crate::end_reason::EndReason;
use crate::session::{KeyHash, Session, Thumbprint};

/// How long after a rotation its predecessor is taken for another tab's, not for a thief's.
pub const REUSE_LEEWAY: Duration = Duration::from_secs(10);

/// A refresh request, reduced to what the decision needs.
#[derive(Clone, Copy, Debug)]
pub struct Presented {
    /// The generation the refresh token claims.
    pub generation: u64,
    /// Hash of the request's `Idempotency-Key`, if it had one.
    pub key: Option<KeyHash>,
    /// Thumbprint of the key that made the request's DPoP proof, if it had a good one.
    pub proof: Option<Thumbprint>,
    /// Whether the session's user is banned at this moment.
    pub user_banned: bool,
}

/// The limits in force.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Life of the access token that would be issued.
    pub access: Duration,
    /// From this refresh to the latest moment of the next.
    pub idle: Duration,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Store this, then hand out the refresh token of its generation and an access token.
    Rotated(Session),
    /// The reply was lost: store this, then hand out the same successor once more and a fresh
    /// access token.
    Repeated(Session),
    /// Another tab won, or a late duplicate: no tokens, no harm.
    Superseded,
    /// Someone has a copy: store this, deny its access tokens, tell the person.
    Replayed(Session),
    /// The session is bound to a key that did not speak: no tokens; the session lives.
    Unproven,
    /// The session is over.
    Refused(Refusal),
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It was ended before its time.
    Ended(EndReason),
    /// Its user is banned.
    Banned,
    /// It was not refreshed for too long.
    Idle,
    /// It reached its absolute end.
    Expired,
}

/// Decides, and says what to store. Pure: every store calls it inside its one atomic operation.
pub fn decide(
    session: &Session,
    presented: &Presented,
    now: Timestamp,
    limits: Limits,
) -> Decision {
    if let Some(refusal) = refusal(session, presented, now) {
        return Decision::Refused(refusal);
    }
    if session.binding.is_some() && session.binding != presented.proof {
        return Decision::Unproven;
    }
    let Some(age) = session.generation.checked_sub(presented.generation) else {
        let mut adopted = session.clone();
        adopted.generation = presented.generation;
        adopted.keys.clear();
        return Decision::Rotated(rotate(&adopted, presented.key, now, limits));
    };
    match age {
        0 => Decision::Rotated(rotate(session, presented.key, now, limits)),
        1 if session.keys.made_with(1, presented.key) => {
            Decision::Repeated(repeat(session, now, limits))
        }
        1 if now.since(session.rotated_at) < REUSE_LEEWAY => Decision::Superseded,
        2.. if session.keys.made_with(age, presented.key) => Decision::Superseded,
        _ => Decision::Replayed(session.ended(now, EndReason::Replayed)),
    }
}

fn refusal(session: &Session, presented: &Presented, now: Timestamp) -> Option<Refusal> {
    if let crate::SessionStatus::Ended { reason, .. } = session.status {
        Some(Refusal::Ended(reason))
    } else if presented.user_banned {
        Some(Refusal::Banned)
    } else if now >= session.absolute_end {
        Some(Refusal::Expired)
    } else if now >= session.idle_end {
        Some(Refusal::Idle)
    } else {
        None
    }
}

fn rotate(session: &Session, key: Option<KeyHash>, now: Timestamp, limits: Limits) -> Session {
    let mut next = repeat(session, now, limits);
    // The last generation would stay in force; it takes the master key to get there.
    next.generation = session.generation.saturating_add(1);
    next.keys.push(key);
    next.rotated_at = now;
    next.idle_end = now.plus(limits.idle).min(session.absolute_end);
    next
}

fn repeat(session: &Session, now: Timestamp, limits: Limits) -> Session {
    let mut next = session.clone();
    let access_until = now.plus(limits.access).min(session.absolute_end);
    next.access_until = session.access_until.max(access_until);
    next
}

#[cfg(test)]
mod tests;
