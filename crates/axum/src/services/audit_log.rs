//! Audit records of refusals, exports, server starts and signing key rotations. They are collected
//! here, and a job writes them in batches. All other changes are recorded by the store itself, in
//! the same transaction.
//!
//! Anyone can cause any number of refusals, so the records of refusals are limited per minute, for
//! each network and in total. Further refusals are counted, and one record contains their number.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use latchkey_core::{
    AuditRecord, Device, RecordOutcome, Requester, ServerAct, SessionId, Timestamp, UserId,
};
use latchkey_store::{Store, StoreError};
use tokio::sync::Notify;

use super::metrics::{Metrics, is_failure};
use super::networks::{Network, networks};

/// The maximum number of records that wait to be written.
const CAPACITY: usize = 4096;
/// How many records are written in one change.
const BATCH_SIZE: usize = 500;
/// How many refusals of one network are recorded per minute.
const REFUSALS_PER_NETWORK: u32 = 30;
/// How many refusals are recorded per minute.
const REFUSALS: u32 = 600;
/// How many networks are counted individually. Refusals of others count only towards the total.
const MAX_NETWORKS: usize = 1000;

/// The records that wait to be written.
#[derive(Debug)]
pub struct AuditLog {
    pending: Mutex<Pending>,
    added: Notify,
    metrics: Arc<Metrics>,
}

#[derive(Debug, Default)]
struct Pending {
    records: Vec<AuditRecord>,
    refusals: Refusals,
}

/// A refused or failed request.
#[derive(Debug)]
pub struct RefusedRequest {
    /// What was refused.
    pub act: ServerAct,
    /// How it ended.
    pub outcome: RecordOutcome,
    /// Why, as a short label; for [`ServerAct::RequestRefused`], the method and the route.
    pub detail: String,
    /// The user, as far as known.
    pub user: Option<UserId>,
    /// The session, as far as known.
    pub session: Option<SessionId>,
    /// The provider of a sign-in.
    pub provider: Option<String>,
    /// The device that sent the request.
    pub device: Device,
}

impl RefusedRequest {
    /// A refusal with this reason, which is the `detail`. For sign-ins and refreshes, it is the label
    /// that the metrics use.
    pub fn new(act: ServerAct, reason: &str, device: Device) -> Self {
        let outcome = if is_failure(reason) {
            RecordOutcome::Failed
        } else {
            RecordOutcome::Refused
        };
        Self {
            act,
            outcome,
            detail: reason.to_owned(),
            user: None,
            session: None,
            provider: None,
            device,
        }
    }
}

/// Records that are being written. Those that were not written return to the front of the queue.
struct Batch<'a> {
    log: &'a AuditLog,
    records: Vec<AuditRecord>,
}

impl<'a> Batch<'a> {
    fn take(log: &'a AuditLog) -> Self {
        let mut pending = log.lock();
        let size = pending.records.len().min(BATCH_SIZE);
        let records = pending.records.drain(..size).collect();
        drop(pending);
        Self { log, records }
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if self.records.is_empty() {
            return;
        }
        let mut pending = self.log.lock();
        let room = CAPACITY.saturating_sub(pending.records.len());
        let kept = self.records.len().min(room);
        self.log
            .metrics
            .audit_records_lost(self.records.len() - kept);
        pending.records.splice(..0, self.records.drain(..kept));
    }
}

impl AuditLog {
    /// An empty log. Lost records are counted in these metrics.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            pending: Mutex::default(),
            added: Notify::new(),
            metrics,
        }
    }

    /// Adds a record, which a job writes to the store later.
    pub fn record(&self, record: AuditRecord) {
        self.push(&mut self.lock(), record);
    }

    /// Adds a record of an act of an operator, or of the server itself.
    pub fn record_act(&self, at: Timestamp, act: ServerAct, by: Requester, detail: Option<String>) {
        self.record(AuditRecord {
            device: by.device,
            actor: by.actor,
            detail,
            ..AuditRecord::new(at, act)
        });
    }

    /// Adds a record of a refusal, unless there are too many in this minute.
    pub fn refuse(&self, at: Timestamp, refusal: RefusedRequest) {
        let address = refusal.device.address.as_deref();
        let address = address.and_then(|address| address.parse().ok());
        let mut pending = self.lock();
        if let Some(summary) = pending.refusals.start_minute(at) {
            self.push(&mut pending, summary);
        }
        if pending.refusals.take(at, address) {
            let RefusedRequest {
                act,
                outcome,
                detail,
                user,
                session,
                provider,
                device,
            } = refusal;
            let record = AuditRecord {
                outcome,
                detail: Some(detail),
                user,
                session,
                provider,
                device,
                ..AuditRecord::new(at, act)
            };
            self.push(&mut pending, record);
        }
    }

    fn push(&self, pending: &mut Pending, record: AuditRecord) {
        if pending.records.len() < CAPACITY {
            pending.records.push(record);
            self.added.notify_one();
        } else {
            self.metrics.audit_records_lost(1);
        }
    }

    /// Completes once there is a record to write.
    pub(crate) async fn added(&self) {
        self.added.notified().await;
    }

    /// Adds the record that counts omitted refusals, if their minute is over.
    pub(crate) fn end_minute(&self, now: Timestamp) {
        let mut pending = self.lock();
        if let Some(summary) = pending.refusals.start_minute(now) {
            self.push(&mut pending, summary);
        }
    }

    /// Writes all records. On error, and if the call is canceled, those that were not written wait for
    /// the next call, as far as there is room.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn flush(&self, store: &dyn Store) -> Result<(), StoreError> {
        loop {
            let mut batch = Batch::take(self);
            if batch.records.is_empty() {
                return Ok(());
            }
            store.record_audit(batch.records.clone()).await?;
            batch.records.clear();
        }
    }

    /// Like [`flush`](Self::flush), and also writes how many refusals were omitted so far.
    pub(crate) async fn close(&self, store: &dyn Store) -> Result<(), StoreError> {
        {
            let mut pending = self.lock();
            if let Some(summary) = pending.refusals.summary() {
                self.push(&mut pending, summary);
            }
            pending.refusals = Refusals::default();
        }
        self.flush(store).await
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The refusals of one minute.
#[derive(Debug, Default)]
struct Refusals {
    /// The minute since 1970.
    minute: u64,
    recorded: u32,
    omitted: u64,
    by_network: HashMap<Network, u32>,
    /// The time of the latest omitted refusal, and its network. If the summaries of two servers are
    /// otherwise equal, this time keeps them from being stored as one record.
    latest: (Timestamp, Option<Network>),
}

impl Refusals {
    /// In a new minute, counts from zero again and returns the record of the refusals that were
    /// omitted in the last one.
    fn start_minute(&mut self, now: Timestamp) -> Option<AuditRecord> {
        let minute = now.as_secs() / 60;
        if minute == self.minute {
            return None;
        }
        let summary = self.summary();
        *self = Self {
            minute,
            ..Self::default()
        };
        summary
    }

    fn summary(&self) -> Option<AuditRecord> {
        let (at, network) = self.latest;
        let device = Device {
            address: network.map(|network| network.to_string()),
            ..Device::default()
        };
        (self.omitted > 0).then(|| AuditRecord {
            outcome: RecordOutcome::Refused,
            detail: Some(format!("{} more in this minute", self.omitted)),
            device,
            ..AuditRecord::new(at, ServerAct::RefusalsOmitted)
        })
    }

    /// Counts a refusal; `false` if it must be omitted.
    fn take(&mut self, at: Timestamp, address: Option<IpAddr>) -> bool {
        let network = address.and_then(|address| networks(address).next());
        let has_room = self.by_network.len() < MAX_NETWORKS;
        let mut allowed = self.recorded < REFUSALS;
        if let Some(network) = network
            && (has_room || self.by_network.contains_key(&network))
        {
            let count = self.by_network.entry(network).or_default();
            allowed &= *count < REFUSALS_PER_NETWORK;
            *count = count.saturating_add(1);
        }
        if allowed {
            self.recorded += 1;
        } else {
            self.omitted += 1;
            self.latest = (at, network.or(self.latest.1));
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use latchkey_guard::RequestId;
    use latchkey_store::{AuditLog as _, AuditQuery, MemoryStore};

    use super::*;

    fn log() -> (AuditLog, Arc<Metrics>) {
        let metrics = Arc::new(Metrics::new(&[]).expect("metrics"));
        (AuditLog::new(Arc::clone(&metrics)), metrics)
    }

    fn refusal(address: &str) -> RefusedRequest {
        let device = Device {
            address: Some(address.to_owned()),
            request_id: Some(RequestId::random().to_string()),
            ..Device::default()
        };
        RefusedRequest::new(ServerAct::SignInRefused, "banned", device)
    }

    async fn written(log: &AuditLog) -> Vec<AuditRecord> {
        let store = MemoryStore::empty();
        log.close(&store).await.expect("written");
        let query = AuditQuery {
            limit: 10_000,
            ..AuditQuery::default()
        };
        let page = store.audit_records(query).await.expect("read");
        page.records.into_iter().map(|(_, record)| record).collect()
    }

    /// A client that disconnects cancels the request that writes the records.
    #[tokio::test]
    async fn records_are_kept_if_the_write_is_canceled() {
        let (log, _) = log();
        let at = Timestamp::from_secs(1_800_000_000);
        for address in ["192.0.2.7", "192.0.2.8"] {
            log.refuse(at, refusal(address));
        }
        let batch = Batch::take(&log);
        assert_eq!(batch.records.len(), 2);
        log.refuse(at, refusal("192.0.2.9"));
        drop(batch);
        let addresses = log.lock().records.clone().into_iter();
        let addresses: Vec<_> = addresses.filter_map(|it| it.device.address).collect();
        assert_eq!(addresses, ["192.0.2.7", "192.0.2.8", "192.0.2.9"]);
        assert_eq!(written(&log).await.len(), 3);
    }

    #[tokio::test]
    async fn refusals_of_a_network_are_limited_and_the_rest_is_counted() {
        let (log, _) = log();
        let at = Timestamp::from_secs(1_800_000_000);
        for _ in 0..1000 {
            log.refuse(at, refusal("192.0.2.7"));
        }
        log.refuse(at, refusal("192.0.2.8"));
        let records = written(&log).await;
        let of = |address: &str| {
            let of = |it: &&AuditRecord| it.device.address.as_deref() == Some(address);
            records.iter().filter(of).count()
        };
        // The summary names the network too.
        assert_eq!(of("192.0.2.7"), REFUSALS_PER_NETWORK as usize + 1);
        assert_eq!(of("192.0.2.8"), 1);
        let is_summary = |it: &&AuditRecord| it.kind == ServerAct::RefusalsOmitted.into();
        let summary = records.iter().find(is_summary).expect("a summary");
        assert_eq!(summary.detail.as_deref(), Some("970 more in this minute"));
    }

    #[tokio::test]
    async fn servers_that_omit_the_same_number_of_refusals_both_say_so() {
        let store = MemoryStore::empty();
        for millis in [0, 1] {
            let (log, _) = log();
            let at = Timestamp::from_millis(1_800_000_000_000 + millis);
            for _ in 0..1000 {
                log.refuse(at, refusal("192.0.2.7"));
            }
            log.close(&store).await.expect("written");
        }
        let query = AuditQuery {
            kind: Some(ServerAct::RefusalsOmitted.into()),
            limit: 10,
            ..AuditQuery::default()
        };
        let page = store.audit_records(query).await.expect("read");
        assert_eq!(page.records.len(), 2, "{page:?}");
    }

    #[tokio::test]
    async fn refusals_of_many_networks_are_limited_in_total() {
        let (log, _) = log();
        let at = Timestamp::from_secs(1_800_000_000);
        for number in 0..10_000_u32 {
            let address = std::net::Ipv4Addr::from_bits(0xc000_0200 + number);
            log.refuse(at, refusal(&address.to_string()));
        }
        assert_eq!(written(&log).await.len(), REFUSALS as usize + 1);
        // The next minute has a new quota.
        log.refuse(Timestamp::from_secs(1_800_000_060), refusal("192.0.2.7"));
        assert_eq!(written(&log).await.len(), 1);
    }

    #[tokio::test]
    async fn excess_records_are_dropped_and_counted() {
        let (log, metrics) = log();
        for number in 0..CAPACITY as u64 + 3 {
            let at = Timestamp::from_secs(number);
            log.record(AuditRecord::new(at, ServerAct::Exported));
        }
        let text = metrics.render().expect("text");
        assert!(
            text.contains("latchkey_audit_records_lost_total 3\n"),
            "{text}"
        );
        assert_eq!(written(&log).await.len(), CAPACITY);
    }
}
