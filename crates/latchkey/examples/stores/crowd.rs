//! How long it takes to list the sessions of a user, and to ban the user, after very many sign-ins.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use latchkey_core::session::Lifetimes;
use latchkey_core::{Requester, Session, SessionId, SessionOrigin, Timestamp, UserId};
use latchkey_store::{NewSession, Sessions as _, Users as _};
use latchkey_testing::{Database as _, Postgres};
use latchkey_tokens::SystemRng;

use crate::churn;

const SIGN_INS: usize = 20_000;
/// The default of `limits.max_sessions`.
const MAX_SESSIONS: usize = 100;

/// Opens many sessions of one user in PostgreSQL, then lists the live ones and bans the user.
pub(crate) async fn run() -> Result<()> {
    let database = Postgres::start()?;
    let address = latchkey_store_postgres::Address::new(&database.url().parse()?, None, None);
    let address = address.map_err(|error| anyhow!("{error}"))?;
    let store = latchkey_store_postgres::open(&address).await?;
    let now = Timestamp::from_secs(1_800_000_000);
    let id = UserId::random(&SystemRng);
    let user = store.upsert_identity(churn::profile(0), id, now).await?;
    let start = Instant::now();
    stream::iter(0..SIGN_INS)
        .map(|_| {
            let session =
                Session::open(SessionId::random(&SystemRng), user.id, None, now, LIFETIMES);
            let origin = SessionOrigin {
                provider: "demo".into(),
                user_agent: None,
                address: None,
            };
            store.open_session(NewSession {
                session,
                origin,
                max_sessions: MAX_SESSIONS,
                request_id: None,
                credential: None,
            })
        })
        .buffer_unordered(8)
        .try_for_each(async |_| Ok(()))
        .await?;
    println!(
        "\n{SIGN_INS} sign-ins of one user with PostgreSQL: {:?}",
        start.elapsed()
    );
    let start = Instant::now();
    let live = store.live_sessions(user.id, now).await?.len();
    println!("listing the {live} live sessions: {:?}", start.elapsed());
    let start = Instant::now();
    store
        .ban_user(user.id, "spam".to_owned(), None, Requester::default(), now)
        .await?;
    println!("banning the user: {:?}", start.elapsed());
    Ok(())
}

const LIFETIMES: Lifetimes = Lifetimes {
    access: Duration::from_mins(10),
    absolute: Duration::from_hours(24 * 30),
    idle: Duration::from_hours(24 * 14),
};
