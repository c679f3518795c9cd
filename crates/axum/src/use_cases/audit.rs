//! Reads the audit log, for operators.

use latchkey_core::audit_record::UnknownKind;
use latchkey_core::{
    Actor, AuditRecord, Device, RecordKind, RecordOutcome, RecordPosition, Requester, ServerAct,
};
use latchkey_store::{AuditPage, AuditQuery, Store, StoreError};
use latchkey_types::admin::{AuditEvent, AuditOutcome};

use crate::services::Services;
use crate::services::user_agent;

/// How many records of an export are read at once.
const EXPORT_PAGE: usize = 500;

/// A page of the selected records, newest first.
pub async fn list(state: &Services, query: AuditQuery) -> Result<AuditPage, StoreError> {
    state.store.audit_records(query).await
}

/// Starts an export of the selected records, which is itself recorded.
pub fn export(
    state: &Services,
    query: AuditQuery,
    admin: latchkey_core::UserId,
    device: Device,
) -> Export {
    let by = Requester {
        actor: Some(Actor::Admin(admin)),
        device,
    };
    let now = state.clock.now();
    state
        .audit
        .record_act(now, ServerAct::AuditExported, by, None);
    Export::new(query)
}

/// An export of audit records as JSON lines, newest first.
#[derive(Debug)]
pub struct Export {
    query: AuditQuery,
    is_finished: bool,
}

impl Export {
    /// Exports the selected records; the limit of the query is ignored.
    pub fn new(query: AuditQuery) -> Self {
        Self {
            query: AuditQuery {
                limit: EXPORT_PAGE,
                ..query
            },
            is_finished: false,
        }
    }

    /// The next lines, which may be empty if few records are selected; `None` at the end.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn next(&mut self, store: &dyn Store) -> Result<Option<String>, StoreError> {
        if self.is_finished {
            return Ok(None);
        }
        let page = store.audit_records(self.query.clone()).await?;
        self.is_finished = page.next.is_none();
        self.query.before = page.next;
        let mut lines = String::new();
        for (position, record) in page.records {
            if let Ok(line) = serde_json::to_string(&wire(position, record)) {
                lines.push_str(&line);
                lines.push('\n');
            }
        }
        Ok(Some(lines))
    }
}

/// The record as it is sent and printed.
pub fn wire(position: RecordPosition, record: AuditRecord) -> AuditEvent {
    let program = user_agent::read(record.device.user_agent.as_deref());
    AuditEvent {
        id: position.to_string(),
        at: record.at.as_secs(),
        kind: record.kind.to_string(),
        outcome: outcome(record.outcome),
        user: record.user.map(|id| id.to_string()),
        session_id: record.session.map(|id| id.to_string()),
        provider: record.provider,
        address: record.device.address,
        browser: program.browser,
        system: program.system,
        request_id: record.device.request_id,
        actor: record.actor.map(|actor| actor.to_string()),
        detail: record.detail,
    }
}

/// The outcome as it is sent.
pub fn outcome(outcome: RecordOutcome) -> AuditOutcome {
    match outcome {
        RecordOutcome::Success => AuditOutcome::Success,
        RecordOutcome::Refused => AuditOutcome::Refused,
        RecordOutcome::Failed => AuditOutcome::Failed,
    }
}

/// The kind with this name, such as `signed_in`.
///
/// # Errors
///
/// Returns an error if no kind has this name.
pub fn kind(name: &str) -> Result<RecordKind, UnknownKind> {
    name.parse()
}
