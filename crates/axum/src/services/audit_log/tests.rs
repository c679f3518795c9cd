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
async fn refusals_of_many_networks_are_limited_in_total() {
    let (log, _) = log();
    let at = Timestamp::from_secs(1_800_000_000);
    for number in 0..10_000_u32 {
        let address = std::net::Ipv4Addr::from_bits(0xc000_0200 + number);
        log.refuse(at, refusal(&address.to_string()));
    }
    assert_eq!(written(&log).await.len(), REFUSALS as usize + 1);
    // The next minute has a quota of its own.
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
    assert_eq!(written(&log).await.len(), 5000.min(CAPACITY));
}
