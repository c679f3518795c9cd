//! How long it takes to list and search very many users and sessions, with sled and PostgreSQL: the
//! median and the longest time for a page of 50.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use latchkey_core::session::Lifetimes;
use latchkey_core::{
    Ban, Identity, Profile, Session, SessionId, SessionOrigin, StoreId, Timestamp, User, UserId,
};
use latchkey_store::{ListCursor, Record, Store, UserQuery, UserStatus};
use latchkey_testing::{Database as _, Postgres};
use latchkey_tokens::SystemRng;

use crate::figures::print_row;

/// How many records one change imports.
const BATCH: usize = 1000;
/// The default number of items on a page.
const LIMIT: usize = 50;
/// How many times each query is measured.
const ROUNDS: usize = 21;
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

const FIRST: [&str; 8] = [
    "Ada", "Grace", "Mary", "Alan", "Barbara", "Edsger", "Frances", "Ken",
];
const LAST: [&str; 8] = [
    "Lovelace", "Hopper", "Shaw", "Turing", "Liskov", "Dijkstra", "Allen", "Thompson",
];

pub(crate) async fn run(users: usize) -> Result<()> {
    println!("| query, {users} users with a session each | store | median | longest |");
    println!("|---|---|---:|---:|");
    let directory = tempfile::tempdir()?;
    let sled = latchkey_store_sled::open(directory.path())?;
    measure("sled", &sled, users).await?;
    let database = Postgres::start()?;
    let address = latchkey_store_postgres::Address::new(&database.url().parse()?, None, None);
    let address = address.map_err(|error| anyhow!("{error}"))?;
    let postgres = latchkey_store_postgres::open(&address).await?;
    measure("PostgreSQL", &postgres, users).await
}

async fn measure(name: &str, store: &dyn Store, users: usize) -> Result<()> {
    seed(store, users).await?;
    let text = |text: &str| UserQuery {
        text: text.to_owned(),
        ..UserQuery::default()
    };
    let status = |status, words: &str| UserQuery {
        status: Some(status),
        ..text(words)
    };
    let role = UserQuery {
        role: Some("editor".to_owned()),
        ..UserQuery::default()
    };
    let queries = [
        ("all users", text("")),
        ("`a`, a third of all users", text("a")),
        ("`lovelace`, an eighth of all users", text("lovelace")),
        ("`ada lovelace`, two words", text("ada lovelace")),
        ("`user77`, the beginning of an address", text("user77")),
        ("a whole address", text("user4242@example.com")),
        ("`zz`, nobody", text("zz")),
        ("active users", status(UserStatus::Active, "")),
        ("banned users, one in 100", status(UserStatus::Banned, "")),
        ("banned and `hopper`", status(UserStatus::Banned, "hopper")),
        ("a role that one in 1000 has", role),
    ];
    for (title, query) in queries {
        let page = |before| store.search_users(query.clone(), before, LIMIT, NOW);
        let mut times = Vec::new();
        let mut before = None;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            let found = page(before).await?.context("a valid cursor")?;
            times.push(start.elapsed());
            before = found.next;
        }
        print_row(title, name, times);
    }
    let mut times = Vec::new();
    let mut before: Option<ListCursor> = None;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let found = store.all_sessions(before, LIMIT, NOW).await?;
        times.push(start.elapsed());
        before = found.context("a valid cursor")?.next;
    }
    print_row("all sessions", name, times);
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        store.population(NOW).await?;
        times.push(start.elapsed());
    }
    print_row("the numbers of users and sessions", name, times);
    let mut times = Vec::new();
    let mut pages = 0;
    let mut before = None;
    let all = Instant::now();
    loop {
        let start = Instant::now();
        let found = store.search_users(text(""), before, 100, NOW).await?;
        times.push(start.elapsed());
        pages += 1;
        before = found.context("a valid cursor")?.next;
        if before.is_none() {
            break;
        }
    }
    print_row("all users, every page of 100", name, times);
    println!("\n{pages} pages in {:?} over {name}\n", all.elapsed());
    Ok(())
}

/// Imports users, each with a session.
async fn seed(store: &dyn Store, users: usize) -> Result<()> {
    anyhow::ensure!(store.begin_import().await?, "the store is not empty");
    let mut records = Vec::new();
    for number in 0..users {
        let age = Duration::from_secs((users - number) as u64);
        let user = user(number, NOW.minus(age));
        records.push(session(user.id, NOW.minus(age / 1000)));
        records.push(Record::User(user));
        if records.len() >= BATCH {
            store.import(std::mem::take(&mut records)).await?;
        }
    }
    store.import(records).await?;
    store.finish_import().await?;
    store.identify(StoreId::from_bytes([1; 16]), NOW).await?;
    Ok(())
}

fn user(number: usize, created_at: Timestamp) -> User {
    let name = format!("{} {}", FIRST[number % 8], LAST[number / 8 % 8]);
    let profile = Profile {
        identity: Identity {
            issuer: "https://issuer.example".to_owned(),
            subject: number.to_string(),
        },
        email: Some(format!("user{number}@example.com")),
        email_verified: true,
        name: Some(name),
        hosted_domain: None,
    };
    let mut user = User::create(UserId::random(&SystemRng), profile, created_at);
    if number.is_multiple_of(100) {
        user.ban = Some(Ban {
            at: NOW,
            reason: "spam".to_owned(),
            until: None,
        });
    }
    if number.is_multiple_of(1000) {
        user.roles = vec!["editor".to_owned()];
    }
    user
}

fn session(user: UserId, opened_at: Timestamp) -> Record {
    let lifetimes = Lifetimes {
        access: Duration::from_mins(10),
        absolute: Duration::from_hours(24 * 30),
        idle: Duration::from_hours(24 * 14),
    };
    let id = SessionId::random(&SystemRng);
    Record::Session {
        session: Session::open(id, user, None, opened_at, lifetimes),
        origin: SessionOrigin {
            provider: "demo".to_owned(),
            user_agent: Some("Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0".to_owned()),
            address: Some("192.0.2.1".to_owned()),
        },
    }
}
