//! How long it takes to list a very large audit log, with sled and PostgreSQL: the median and the
//! longest time for a page of 50.

use std::time::Instant;

use anyhow::{Result, anyhow};
use latchkey_core::{
    AuditKind, AuditRecord, Device, RecordKind, RecordOutcome, RecordPosition, ServerAct,
    Timestamp, UserId,
};
use latchkey_store::{AuditQuery, Store};
use latchkey_testing::{Database as _, Postgres};

use crate::figures::print_row;

/// The time of the oldest record; the records are one second apart.
const START: Timestamp = Timestamp::from_secs(1_800_000_000);
/// How many records one change writes.
const BATCH: usize = 2000;
const USERS: u64 = 1000;
/// The default number of records on a page.
const LIMIT: usize = 50;
/// How many pages of each query are measured.
const PAGES: usize = 21;

pub(crate) async fn run(records: u64) -> Result<()> {
    println!("| query, {records} audit records of {USERS} users | store | median | longest |");
    println!("|---|---|---:|---:|");
    let directory = tempfile::tempdir()?;
    let sled = latchkey_store_sled::open(directory.path())?;
    measure("sled", &sled, records).await?;
    let database = Postgres::start()?;
    let address = latchkey_store_postgres::Address::new(&database.url().parse()?, None, None);
    let address = address.map_err(|error| anyhow!("{error}"))?;
    let postgres = latchkey_store_postgres::open(&address).await?;
    measure("PostgreSQL", &postgres, records).await
}

async fn measure(name: &str, store: &dyn Store, records: u64) -> Result<()> {
    let all: Vec<u64> = (0..records).collect();
    for batch in all.chunks(BATCH) {
        store
            .record_audit(batch.iter().copied().map(record).collect())
            .await?;
    }
    for (title, query) in queries(records) {
        let mut times = Vec::new();
        let mut before = query.before;
        for _ in 0..PAGES {
            let query = AuditQuery {
                before,
                ..query.clone()
            };
            let start = Instant::now();
            let page = store.audit_records(query).await?;
            times.push(start.elapsed());
            before = page.next;
        }
        print_row(title, name, times);
    }
    Ok(())
}

fn at(number: u64) -> Timestamp {
    START.plus(std::time::Duration::from_secs(number))
}

fn user(number: u64) -> UserId {
    UserId::from_bytes(u128::from(number % USERS).to_be_bytes())
}

/// Most are refreshes; one in ten is a sign-in, and one in a hundred a refusal.
fn record(number: u64) -> AuditRecord {
    let (kind, outcome): (RecordKind, _) = match number % 100 {
        7 => (ServerAct::RefreshRefused.into(), RecordOutcome::Refused),
        rest if rest % 10 == 0 => (AuditKind::SignedIn.into(), RecordOutcome::Success),
        _ => (ServerAct::Refreshed.into(), RecordOutcome::Success),
    };
    AuditRecord {
        outcome,
        // Hashes the number, so that each user has records of all kinds.
        user: Some(user(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32)),
        device: Device {
            user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/145.0".into()),
            address: Some("192.0.2.7".into()),
            request_id: Some(format!("{number:016x}")),
        },
        ..AuditRecord::new(at(number), kind)
    }
}

fn queries(records: u64) -> Vec<(&'static str, AuditQuery)> {
    let all = AuditQuery {
        limit: LIMIT,
        ..AuditQuery::default()
    };
    let kind = |kind| AuditQuery {
        kind: Some(kind),
        ..all.clone()
    };
    vec![
        ("the newest", all.clone()),
        (
            "from the middle",
            AuditQuery {
                before: Some(RecordPosition::end_of(at(records / 2))),
                ..all.clone()
            },
        ),
        (
            "of one user",
            AuditQuery {
                user: Some(user(42)),
                ..all.clone()
            },
        ),
        ("sign-ins", kind(AuditKind::SignedIn.into())),
        (
            "refused, one in 100",
            AuditQuery {
                outcome: Some(RecordOutcome::Refused),
                ..all.clone()
            },
        ),
        (
            "refused, of one user",
            AuditQuery {
                user: Some(user(42)),
                outcome: Some(RecordOutcome::Refused),
                ..all.clone()
            },
        ),
        (
            "a kind that does not occur",
            kind(AuditKind::SignedOut.into()),
        ),
        (
            "of an hour in the middle",
            AuditQuery {
                after: Some(at(records / 3)),
                until: Some(at(records / 3 + 3600)),
                ..all
            },
        ),
    ]
}
