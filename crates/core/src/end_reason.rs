//! Why sessions end before their time. How they end, and what is denied then, is not here.

use serde::{Deserialize, Serialize};

/// Why a session was ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The person signed out.
    SignedOut,
    /// The person ended it from another session.
    EndedRemotely,
    /// The person ended all their sessions, or all but one.
    EndedAll,
    /// One of its refresh tokens was revoked (RFC 7009).
    Revoked,
    /// One of its refresh tokens was used twice.
    Replayed,
    /// The operator ended it.
    EndedByOperator,
    /// The account was banned.
    Banned,
    /// It had to make room for a new one: an account has only so many.
    Displaced,
    /// At a refresh the person would not have been admitted any more.
    NotAdmitted,
}
