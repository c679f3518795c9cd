//! The size of sled's directory while denials and sessions are created and removed.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use latchkey_core::session::Lifetimes;
use latchkey_core::{
    Denial, DenialReason, Denied, Device, EndReason, Identity, Profile, Session, SessionId,
    SessionOrigin, Timestamp, User, UserId,
};
use latchkey_store::{Denials as _, EndSession, Maintenance as _, NewSession, Store, Users as _};
use latchkey_tokens::SystemRng;

const TOTAL: u64 = 1_000_000;
const IN_FORCE: u64 = 20_000;
/// The number of denials that one change writes, and that one sweep removes.
const BATCH: u64 = 500;

/// Denies sessions in batches. The lifetime of a denial is chosen so that about `IN_FORCE` denials
/// are in force at any time. Each batch advances the time by one second and is followed by a sweep.
pub(crate) async fn run() -> Result<()> {
    println!(
        "\nsled's directory while {TOTAL} denials are written and expire, about {IN_FORCE} of them in force:\n"
    );
    println!("| denials so far | in force | directory |");
    println!("|---:|---:|---:|");
    let folder = tempfile::tempdir()?;
    let store = latchkey_store_sled::open(folder.path())?;
    let lifetime = Duration::from_secs(IN_FORCE / BATCH);
    let mut now = Timestamp::from_secs(1_800_000_000);
    for batch in 1..=TOTAL / BATCH {
        let denials = (0..BATCH).map(|_| Denial {
            denied: Denied::Session(SessionId::random(&SystemRng)),
            reason: DenialReason::SignedOut,
            at: now,
            until: now.plus(lifetime),
            cutoff: None,
            note: None,
        });
        store.deny(denials.collect()).await?;
        now = now.plus(Duration::from_secs(1));
        while store.sweep(now, usize::try_from(BATCH)?).await? > 0 {}
        let done = batch * BATCH;
        if done.is_multiple_of(TOTAL / 10) {
            let in_force = store.live_denials(now).await?.len();
            let size = size_of(folder.path())? / 1_000_000;
            println!("| {done} | {in_force} | {size} MB |");
        }
    }
    Ok(())
}

/// The number of sign-ins, each of which is followed by a sign-out.
const SIGN_INS: u64 = 100_000;
/// The number of users that sign in and out concurrently.
const USERS: u64 = 100;

/// Signs users in and out. Advances the time after each round, so that the records of ended sessions
/// are swept throughout.
pub(crate) async fn sessions() -> Result<()> {
    println!("\nsled's directory during {SIGN_INS} sign-ins, each followed by a sign-out:\n");
    println!("| sign-ins so far | directory | time to open |");
    println!("|---:|---:|---:|");
    let folder = tempfile::tempdir()?;
    let (mut store, _) = reopen(folder.path()).await?;
    let mut now = Timestamp::from_secs(1_800_000_000);
    let mut users = Vec::new();
    for number in 0..USERS {
        let id = UserId::random(&SystemRng);
        users.push(store.upsert_identity(profile(number), id, now).await?);
    }
    for round in 1..=SIGN_INS / USERS {
        let visits = users.iter().map(|user| visit(&store, user, now));
        futures_util::future::try_join_all(visits).await?;
        // With 13 minutes per round, the record of an ended session is swept five rounds later,
        // because it is retained for an hour after its access token expires. Events are kept for 90
        // days: they expire when the time advances by 91 days below.
        now = now.plus(Duration::from_mins(13));
        while store.sweep(now, usize::try_from(BATCH)?).await? > 0 {}
        let done = round * USERS;
        if done.is_multiple_of(SIGN_INS / 10) {
            now = now.plus(Duration::from_hours(24 * 91));
            while store.sweep(now, usize::try_from(BATCH)?).await? > 0 {}
            let size = size_of(folder.path())? / 1000;
            drop(store);
            let elapsed;
            (store, elapsed) = reopen(folder.path()).await?;
            let elapsed = elapsed.as_millis();
            println!("| {done} | {size} KB | {elapsed} ms |");
        }
    }
    Ok(())
}

pub(crate) fn profile(number: u64) -> Profile {
    Profile {
        identity: Identity {
            issuer: "https://issuer.example".into(),
            subject: number.to_string(),
        },
        email: Some(format!("user-{number}@example.com")),
        email_verified: true,
        name: None,
        hosted_domain: None,
    }
}

/// Opens the store once the previous handle is closed. Returns it, and how long opening took.
async fn reopen(folder: &Path) -> Result<(impl Store, Duration)> {
    loop {
        let start = Instant::now();
        match latchkey_store_sled::open(folder) {
            Err(error) if error.to_string().contains("in use") => tokio::task::yield_now().await,
            opened => return Ok((opened?, start.elapsed())),
        }
    }
}

async fn visit(store: &impl Store, user: &User, now: Timestamp) -> Result<()> {
    let lifetimes = Lifetimes {
        access: Duration::from_mins(10),
        absolute: Duration::from_hours(24 * 30),
        idle: Duration::from_hours(24 * 14),
    };
    let id = SessionId::random(&SystemRng);
    let session = Session::open(id, user.id, None, now, lifetimes);
    let origin = SessionOrigin {
        provider: "demo".into(),
        user_agent: None,
        address: None,
    };
    store
        .open_session(NewSession {
            session,
            origin,
            max_sessions: 100,
            request_id: None,
            credential: None,
        })
        .await?;
    let end = EndSession {
        session: id,
        owner: None,
        reason: EndReason::SignedOut,
        device: Device::default(),
        actor: None,
        note: None,
        now,
    };
    store.end_session(end).await?;
    Ok(())
}

/// The size of all files in this directory, in bytes.
pub(crate) fn size_of(folder: &Path) -> Result<u64> {
    let mut size = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        size += if metadata.is_dir() {
            size_of(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(size)
}
