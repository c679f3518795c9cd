//! Audit records for the command line.

use latchkey_axum::use_cases::audit::wire;
use latchkey_core::{RecordKind, RecordOutcome, Timestamp, UserId};
use latchkey_store::{AuditQuery, Store, StoreError};
use latchkey_types::admin::AuditEvent;
use serde::{Deserialize, Serialize};

/// Selects audit records.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuditRequest {
    /// Only records that concern this user.
    pub user: Option<UserId>,
    /// Only records of this kind.
    pub kind: Option<RecordKind>,
    /// Only records with this outcome.
    pub outcome: Option<RecordOutcome>,
    /// Only records at or after this time, in seconds since 1970.
    pub after: Option<u64>,
    /// Only records before this time, in seconds since 1970.
    pub until: Option<u64>,
    /// The maximum number of records.
    pub limit: u32,
}

/// The selected audit records, newest first.
pub async fn audit_events(
    store: &dyn Store,
    request: AuditRequest,
) -> Result<Vec<AuditEvent>, StoreError> {
    let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let mut query = AuditQuery {
        user: request.user,
        kind: request.kind,
        outcome: request.outcome,
        after: request.after.map(Timestamp::from_secs),
        until: request.until.map(Timestamp::from_secs),
        ..AuditQuery::default()
    };
    let mut events = Vec::new();
    while events.len() < limit {
        query.limit = (limit - events.len()).min(500);
        let page = store.audit_records(query.clone()).await?;
        let records = page.records.into_iter();
        events.extend(records.map(|(position, record)| wire(position, record)));
        match page.next {
            Some(next) => query.before = Some(next),
            None => break,
        }
    }
    Ok(events)
}
