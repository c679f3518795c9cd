//! How large sled becomes when denials, and sessions, come and go.

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
const LIVE: u64 = 20_000;
/// How many are denied in one change, and freed in one sweep.
const AT_ONCE: u64 = 500;

/// Denies sessions one group after the other, each for so long that about `LIVE` of them are in
/// force at any moment, and sweeps as a server would, by a clock that goes with the work.
pub(crate) async fn run() -> Result<()> {
    println!(
        "\nsled's directory while {TOTAL} denials come and go, about {LIVE} of them in force:\n"
    );
    println!("| denied so far | in force | directory |");
    println!("|---:|---:|---:|");
    let folder = tempfile::tempdir()?;
    let store = latchkey_store_sled::open(folder.path())?;
    let life = Duration::from_secs(LIVE / AT_ONCE);
    let mut now = Timestamp::from_secs(1_800_000_000);
    for group in 1..=TOTAL / AT_ONCE {
        let denials = (0..AT_ONCE).map(|_| Denial {
            denied: Denied::Session(SessionId::random(&SystemRng)),
            reason: DenialReason::SignedOut,
            at: now,
            until: now.plus(life),
            cutoff: None,
        });
        store.deny(denials.collect()).await?;
        now = now.plus(Duration::from_secs(1));
        while store.sweep(now, usize::try_from(AT_ONCE)?).await? > 0 {}
        let done = group * AT_ONCE;
        if done.is_multiple_of(TOTAL / 10) {
            let in_force = store.live_denials(now).await?.len();
            let size = size_of(folder.path())? / 1_000_000;
            println!("| {done} | {in_force} | {size} MB |");
        }
    }
    Ok(())
}

/// How many sign-ins, each of which ends in a sign-out.
const SIGN_INS: u64 = 100_000;
/// How many people sign in and out at the same moment.
const PEOPLE: u64 = 100;

/// Signs people in and out again, and lets so much time pass that what a session leaves behind is
/// freed and written all along.
pub(crate) async fn sessions() -> Result<()> {
    println!("\nsled's directory while {SIGN_INS} times somebody signs in and out:\n");
    println!("| signed in so far | directory | opening it takes |");
    println!("|---:|---:|---:|");
    let folder = tempfile::tempdir()?;
    let (mut store, _) = reopened(folder.path()).await?;
    let mut now = Timestamp::from_secs(1_800_000_000);
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let id = UserId::random(&SystemRng);
        people.push(store.upsert_identity(profile(number), id, now).await?);
    }
    for round in 1..=SIGN_INS / PEOPLE {
        let visits = people.iter().map(|person| visit(&store, person, now));
        futures_util::future::try_join_all(visits).await?;
        // Thirteen minutes a round: what a session leaves is freed in the next but one, and within
        // ten thousand sign-ins the oldest events are.
        now = now.plus(Duration::from_mins(13));
        while store.sweep(now, usize::try_from(AT_ONCE)?).await? > 0 {}
        let done = round * PEOPLE;
        if done.is_multiple_of(SIGN_INS / 10) {
            now = now.plus(Duration::from_hours(24 * 91));
            while store.sweep(now, usize::try_from(AT_ONCE)?).await? > 0 {}
            let size = size_of(folder.path())? / 1000;
            drop(store);
            let took;
            (store, took) = reopened(folder.path()).await?;
            let took = took.as_millis();
            println!("| {done} | {size} KB | {took} ms |");
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
        email: Some(format!("person-{number}@example.com")),
        email_verified: true,
        name: None,
        hosted_domain: None,
    }
}

/// The store once the last handle of it is gone, and how long opening it took.
async fn reopened(folder: &Path) -> Result<(impl Store, Duration)> {
    loop {
        let begun = Instant::now();
        match latchkey_store_sled::open(folder) {
            Err(error) if error.to_string().contains("in use") => tokio::task::yield_now().await,
            opened => return Ok((opened?, begun.elapsed())),
        }
    }
}

async fn visit(store: &impl Store, person: &User, now: Timestamp) -> Result<()> {
    let lifetimes = Lifetimes {
        access: Duration::from_mins(10),
        absolute: Duration::from_hours(24 * 30),
        idle: Duration::from_hours(24 * 14),
    };
    let id = SessionId::random(&SystemRng);
    let session = Session::open(id, person.id, None, now, lifetimes);
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
        })
        .await?;
    let end = EndSession {
        session: id,
        of: None,
        reason: EndReason::SignedOut,
        device: Device::default(),
        now,
    };
    store.end_session(end).await?;
    Ok(())
}

/// All files below this folder, in bytes.
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
