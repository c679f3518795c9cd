//! Queries of the audit log, and numbers for the operator.

use latchkey_core::{AuditRecord, RecordKind, RecordOutcome, RecordPosition, Timestamp, UserId};

/// Selects audit records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only records that concern this user.
    pub user: Option<UserId>,
    /// Only records of this kind.
    pub kind: Option<RecordKind>,
    /// Only records with this outcome.
    pub outcome: Option<RecordOutcome>,
    /// Only records at or after this time.
    pub after: Option<Timestamp>,
    /// Only records before this time.
    pub until: Option<Timestamp>,
    /// Only records that follow this position, newest first.
    pub before: Option<RecordPosition>,
    /// The maximum number of records.
    pub limit: usize,
}

/// A page of audit records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditPage {
    /// The records, newest first.
    pub records: Vec<(RecordPosition, AuditRecord)>,
    /// The position after which the next page begins; `None` if there are no more records.
    pub next: Option<RecordPosition>,
}

/// How many users and live sessions a store has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Population {
    /// Users.
    pub users: u64,
    /// Sessions whose refresh token can be used.
    pub live_sessions: u64,
    /// Whether at least one of these numbers is an estimate, because there are too many records to
    /// count.
    pub is_estimate: bool,
}
