//! Security events, the audit log, and numbers for the operator.

use async_trait::async_trait;
use latchkey_core::{
    AuditEvent, AuditPosition, AuditRecord, HourCounts, RecordClass, RecordPosition, Timestamp,
    UserId,
};

use crate::error::StoreError;
use crate::request::{AuditPage, AuditQuery, Population};

/// Security events.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Up to `limit` security events of a user, newest first: those older than the position
    /// `before`, or the newest if it is `None`. The number of stored events and their age are
    /// limited ([`latchkey_core::audit`]).
    async fn audit_events(
        &self,
        user: UserId,
        before: Option<AuditPosition>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<(AuditPosition, AuditEvent)>, StoreError>;
}

/// Audit records. Operations that change something add their audit records in the same change; this
/// trait adds all others, reads them and removes them.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Adds records, in one change.
    async fn record_audit(&self, records: Vec<AuditRecord>) -> Result<(), StoreError>;

    /// The selected records, newest first. The work is bounded: if few records match, a page can
    /// have fewer records than requested, or none, although it has a position to continue from.
    /// Reads in several steps.
    async fn audit_records(&self, query: AuditQuery) -> Result<AuditPage, StoreError>;

    /// The positions of the records of a class that follow `after`, newest first, but at most
    /// `limit` of them.
    async fn audit_positions(
        &self,
        class: RecordClass,
        after: RecordPosition,
        limit: usize,
    ) -> Result<Vec<RecordPosition>, StoreError>;

    /// Removes the records of a class that follow `after`, newest first, but at most `limit` of them.
    /// Returns how many it removed.
    async fn remove_audit(
        &self,
        class: RecordClass,
        after: RecordPosition,
        limit: usize,
    ) -> Result<usize, StoreError>;
}

/// Numbers for the operator.
#[async_trait]
pub trait Statistics: Send + Sync {
    /// Stores what happened on a server in the hour that begins at `hour`, and replaces what was
    /// stored before for the same server and hour.
    async fn put_hour(
        &self,
        hour: Timestamp,
        server: u64,
        counts: HourCounts,
    ) -> Result<(), StoreError>;

    /// What happened in the hours that begin at `since` or later, on each server, oldest first.
    /// Retained for [`HOUR_RETENTION`](latchkey_core::audit_record::HOUR_RETENTION).
    async fn hours(&self, since: Timestamp) -> Result<Vec<(Timestamp, HourCounts)>, StoreError>;

    /// How many users and live sessions there are. Reads a bounded number of records. If there are
    /// more, the result is an estimate, which assumes random ids.
    async fn population(&self, now: Timestamp) -> Result<Population, StoreError>;
}
