//! Why a session was ended before it expired. Ending sessions and denying their tokens is done
//! elsewhere.

use serde::{Deserialize, Serialize};

/// Why a session was ended before it expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The user signed out.
    SignedOut,
    /// The user ended it from another session.
    EndedRemotely,
    /// The user ended all their sessions, or all but the current one.
    EndedAll,
    /// One of its refresh tokens was revoked (RFC 7009), or its user revoked too many access tokens
    /// individually.
    Revoked,
    /// One of its refresh tokens was reused.
    Replayed,
    /// An operator ended it.
    EndedByOperator,
    /// The user was banned.
    Banned,
    /// The user reached the limit of open sessions and opened another one.
    Displaced,
    /// The password of the account was changed.
    PasswordChanged,
    /// At a refresh, the user was no longer admitted.
    NotAdmitted,
    /// The identity that it was opened with was removed from the account.
    IdentityRemoved,
    /// The user deleted the account.
    AccountDeleted,
}
