//! The keyspace in a table.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256, digest};
use futures_util::future::try_join_all;
use latchkey_core::StoreId;
use latchkey_store::keyspace::Pair;
use latchkey_store::remote::{Change, ExpectedStoreId, Found, Outcome, Page, Pool, Read, Remote};
use latchkey_store::{ChangeFeed, StoreError};
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::connection::{Connection, Connector};
use crate::error::unavailable;
use crate::feed::Follower;

pub(crate) const FETCH: &str = "SELECT key, value FROM latchkey.records WHERE key = ANY ($1)";
pub(crate) const PAGE: &str = "SELECT key, value FROM latchkey.records \
     WHERE key >= $1 AND key < $2 ORDER BY key LIMIT $3";
/// The key of the store's id.
const STORE_ID: &[u8] = b"mid";
/// Past every key: they all begin with a letter.
const PAST_ALL: &[u8] = &[0xff];
pub(crate) const COMMIT: &str =
    "SELECT latchkey.commit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

/// The records, behind a few connections.
pub struct Records {
    pool: Arc<Pool<Connector>>,
    pin: Arc<ExpectedStoreId>,
}

impl Records {
    pub(crate) fn new(pool: Pool<Connector>, pin: Arc<ExpectedStoreId>) -> Self {
        Self {
            pool: Arc::new(pool),
            pin,
        }
    }

    /// Connects for the first time.
    pub(crate) async fn greet(&self) -> Result<(), StoreError> {
        self.fetch(&[Read::Value(Vec::new())]).await.map(drop)
    }
}

impl Remote for Records {
    async fn fetch(&self, reads: &[Read]) -> Result<Vec<Found>, StoreError> {
        let call = async {
            let mut lease = self.pool.lease().await?;
            let fetched = fetch(lease.connection(), reads).await;
            let (found, id) = fetched.map_err(|error| unavailable(&error))?;
            lease.give_back();
            self.pin.check(id.as_deref())?;
            Ok(found)
        };
        self.pool.within(call).await
    }

    async fn commit(&self, change: &Change) -> Result<Outcome, StoreError> {
        let parameters = Parameters {
            store: self.pin.record(),
            ..Parameters::of(change)
        };
        let call = async {
            let mut lease = self.pool.lease().await?;
            let made = parameters.commit(lease.connection()).await;
            let outcome = match made {
                Ok(true) => Outcome::Committed,
                Ok(false) => Outcome::Conflict,
                Err(error) if is_conflict(&error) => Outcome::Conflict,
                Err(error) if is_another(&error) => return Ok(None),
                Err(error) => return Err(unavailable(&error)),
            };
            lease.give_back();
            Ok(Some(outcome))
        };
        if let Some(outcome) = self.pool.within(call).await? {
            return Ok(outcome);
        }
        // Which one it is.
        self.fetch(&[]).await?;
        let reason = "PostgreSQL had another store for a moment";
        Err(StoreError::Unavailable(reason.to_owned()))
    }

    fn pin(&self, id: StoreId) {
        self.pin.set(id);
    }

    async fn follow(&self) -> Result<Box<dyn ChangeFeed>, StoreError> {
        let follower = Follower::open(Arc::clone(&self.pool));
        Ok(Box::new(self.pool.within(follower).await?))
    }
}

/// Values by one query, each page by one more; all are on their way at the same time. Where there
/// are several to be read, a transaction makes them of one moment. With them comes the record of
/// the store's id.
async fn fetch(
    connection: &Connection,
    reads: &[Read],
) -> Result<(Vec<Found>, Option<Vec<u8>>), Error> {
    let keys = reads.iter().filter_map(|read| match read {
        Read::Value(key) => Some(key.as_slice()),
        Read::Page(_) => None,
    });
    let keys: Vec<&[u8]> = keys.chain([STORE_ID]).collect();
    let values = async {
        let rows = connection.client.query(&connection.fetch, &[&keys]).await?;
        Ok(rows.iter().map(pair).collect::<Vec<Pair>>())
    };
    let pages = reads.iter().filter_map(|read| match read {
        Read::Page(page) => Some(fetch_page(connection, page)),
        Read::Value(_) => None,
    });
    let reads_several = reads.len() > 1 && reads.iter().any(|read| matches!(read, Read::Page(_)));
    let around = |sql: &'static str| async move {
        if reads_several {
            connection.client.batch_execute(sql).await?;
        }
        Ok::<_, Error>(())
    };
    // Each is sent when it is polled for the first time, and they are polled in this order.
    let ((), values, pages, ()) = tokio::try_join!(
        biased;
        around("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
        values,
        try_join_all(pages),
        around("COMMIT")
    )?;
    let values: std::collections::HashMap<_, _> = values.into_iter().collect();
    let mut pages = pages.into_iter();
    let found = reads.iter().map(|read| match read {
        Read::Value(key) => Found::Value(values.get(key).cloned()),
        Read::Page(_) => Found::Page(pages.next().unwrap_or_default()),
    });
    Ok((found.collect(), values.get(STORE_ID).cloned()))
}

async fn fetch_page(connection: &Connection, page: &Page) -> Result<Vec<Pair>, Error> {
    let (from, until, limit) = (page.from(), until(page), most(page));
    let rows = connection
        .client
        .query(&connection.page, &[&from, &until, &limit])
        .await?;
    Ok(rows.iter().map(pair).collect())
}

/// Always something to compare with: the index is read up to there and no further, whatever the
/// limit is.
fn until(page: &Page) -> Vec<u8> {
    page.until().unwrap_or_else(|| PAST_ALL.to_vec())
}

fn pair(row: &tokio_postgres::Row) -> Pair {
    (row.get(0), row.get(1))
}

fn most(page: &Page) -> i64 {
    i64::try_from(page.limit).unwrap_or(i64::MAX)
}

/// What the function `latchkey.commit` is given.
#[derive(Default)]
struct Parameters {
    store: Vec<u8>,
    families: Vec<i64>,
    keys: Vec<Vec<u8>>,
    values: Vec<Option<Vec<u8>>>,
    page_from: Vec<Vec<u8>>,
    page_until: Vec<Vec<u8>>,
    page_limit: Vec<i64>,
    page_digest: Vec<Vec<u8>>,
    put_keys: Vec<Vec<u8>>,
    put_values: Vec<Vec<u8>>,
    new_keys: Vec<Vec<u8>>,
    new_values: Vec<Vec<u8>>,
    gone: Vec<Vec<u8>>,
    denies: bool,
    accounts: Vec<String>,
}

impl Parameters {
    fn of(change: &Change) -> Self {
        let mut all = Self {
            families: change.families().iter().map(|it| number_of(it)).collect(),
            ..Self::default()
        };
        for condition in &change.conditions {
            match condition {
                (Read::Value(key), Found::Value(value)) => {
                    all.keys.push(key.clone());
                    all.values.push(value.clone());
                }
                (Read::Page(page), Found::Page(pairs)) => {
                    all.page_from.push(page.from());
                    all.page_until.push(until(page));
                    all.page_limit.push(most(page));
                    all.page_digest.push(digest_of(pairs));
                }
                // Each read was answered in kind.
                _ => {}
            }
        }
        for (key, value) in &change.writes {
            let condition = change.conditions.get(&Read::Value(key.clone()));
            let must_be_new = condition == Some(&Found::Value(None));
            let (keys, values) = if must_be_new {
                (&mut all.new_keys, &mut all.new_values)
            } else {
                (&mut all.put_keys, &mut all.put_values)
            };
            match value {
                Some(value) => {
                    keys.push(key.clone());
                    values.push(value.clone());
                }
                None => all.gone.push(key.clone()),
            }
        }
        let news = change.announcement();
        all.denies = !news.denials.is_empty();
        all.accounts = news
            .accounts
            .into_iter()
            .map(|id| latchkey_core::UserId::from_bytes(id).to_string())
            .collect();
        all
    }

    async fn commit(&self, connection: &Connection) -> Result<bool, Error> {
        let row = connection
            .client
            .query_one(
                &connection.commit,
                &[
                    &self.store,
                    &self.families,
                    &self.keys,
                    &self.values,
                    &self.page_from,
                    &self.page_until,
                    &self.page_limit,
                    &self.page_digest,
                    &self.put_keys,
                    &self.put_values,
                    &self.new_keys,
                    &self.new_values,
                    &self.gone,
                    &self.denies,
                    &self.accounts,
                ],
            )
            .await?;
        Ok(row.get(0))
    }
}

/// A number for an advisory lock: two families that share one only wait for each other.
fn number_of(family: &[u8]) -> i64 {
    let digest = digest(&SHA256, family);
    let mut number = [0; 8];
    number.copy_from_slice(&digest.as_ref()[..8]);
    i64::from_be_bytes(number)
}

/// What the function `latchkey.page_digest` makes of the same rows.
fn digest_of(pairs: &[Pair]) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    for part in pairs.iter().flat_map(|(key, value)| [key, value]) {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        context.update(&length.to_be_bytes());
        context.update(part);
    }
    context.finish().as_ref().to_vec()
}

/// What `latchkey.commit` raises where the store is not the one that is meant.
fn is_another(error: &Error) -> bool {
    error.code().is_some_and(|code| code.code() == "LK001")
}

/// Another transaction was faster.
fn is_conflict(error: &Error) -> bool {
    let conflicts = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
    ];
    error.code().is_some_and(|code| conflicts.contains(code))
}

#[cfg(test)]
mod tests {
    use latchkey_testing::{Database as _, Postgres};

    use super::PAGE;
    use crate::{Address, open};

    #[tokio::test]
    async fn a_page_reads_its_part_of_the_index_and_no_more() {
        let postgres = Postgres::start().expect("a private PostgreSQL");
        let url = postgres.url().parse().expect("a url");
        let address = Address::new(&url, None, None).expect("an address");
        open(&address).await.expect("a store");
        // As a connection of the pool has it: one plan for all parameters.
        let plan = postgres.say(&format!(
            "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
         PREPARE page (bytea, bytea, bigint) AS {PAGE}; EXPLAIN EXECUTE page ('a', 'b', 1000)"
        ));
        let plan = plan.expect("a plan");
        let condition = "Index Cond: ((key >= $1) AND (key < $2))";
        assert!(plan.contains(condition), "{plan}");
    }
}
