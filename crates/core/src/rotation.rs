//! The decision on a presented refresh token. The caller first verifies the token's signature and
//! type, then calls [`decide`] and stores the outcome.
//!
//! | presented generation `n`, current `g` | condition | decision |
//! |---|---|---|
//! | any | session ended or expired, or user banned | [`Decision::Refused`] |
//! | any | session bound, proof missing or signed with another key | [`Decision::ProofMissing`] |
//! | `n = g` | | [`Decision::Rotated`] to `g + 1` |
//! | `n = g − 1` | same idempotency key as when `n` was rotated | [`Decision::Repeated`] |
//! | `n = g − 1` | other or no key, within [`REUSE_LEEWAY`] | [`Decision::Superseded`] |
//! | older `n` | same idempotency key as when `n` was rotated | [`Decision::Superseded`] |
//! | `n < g` otherwise | | [`Decision::Replayed`], the session ends |
//! | `n > g` | (after the store was restored from a backup) | adopt `n`, then as `n = g` |

use core::time::Duration;

use crate::clock::Timestamp;
use crate::end_reason::EndReason;
use crate::session::{KeyHash, Session, Thumbprint};

/// How long after a rotation the previous refresh token counts as presented by another tab, not by
/// a thief.
pub const REUSE_LEEWAY: Duration = Duration::from_secs(10);

/// A refresh request, reduced to what the decision needs.
#[derive(Clone, Copy, Debug)]
pub struct Presented {
    /// The generation in the refresh token.
    pub generation: u64,
    /// Hash of the request's `Idempotency-Key`, if it had one.
    pub key: Option<KeyHash>,
    /// Thumbprint of the key of the request's DPoP proof, if it had a valid one.
    pub proof: Option<Thumbprint>,
    /// Whether the session's user is currently banned.
    pub user_banned: bool,
}

/// The configured lifetimes that apply to a refresh.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Lifetime of the access token to issue.
    pub access: Duration,
    /// How long the session stays open without another refresh.
    pub idle: Duration,
}

/// What to do with a presented refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Store this session, then issue the refresh token of its generation and an access token.
    Rotated(Session),
    /// A retry after a lost response: store this session, then issue the same refresh token again
    /// and a new access token.
    Repeated(Session),
    /// Another tab has rotated the token, or this is a late duplicate: issue no tokens and change
    /// nothing.
    Superseded,
    /// Someone has a copy of the token: store this ended session, deny its access tokens, notify
    /// the user.
    Replayed(Session),
    /// The session is bound to a key and the request has no proof signed with that key: issue
    /// nothing; the session stays open.
    ProofMissing,
    /// The session is over.
    Refused(Refusal),
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It was ended before it expired.
    Ended(EndReason),
    /// Its user is banned.
    Banned,
    /// It expired because it was not refreshed in time.
    Idle,
    /// It expired at the end of its absolute lifetime.
    Expired,
}

/// Decides what to do and what to store. It is pure: every store calls it inside its atomic
/// operation.
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
        return Decision::ProofMissing;
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
    // Saturates at the highest generation. Only a token that was forged with the master key can
    // contain such a number.
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
