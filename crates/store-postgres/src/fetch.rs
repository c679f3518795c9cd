//! Reading values and pages.

use std::collections::HashMap;

use futures_util::future::try_join_all;
use latchkey_store::records::{Found, Page, Pair, Read};
use latchkey_store::table::STORE_ID;
use tokio_postgres::{Client, Error, Row, Statement};

use crate::page::{limit, until};

const VALUES: &str = "SELECT key, value FROM latchkey.records WHERE key = ANY ($1)";
const PAGE: &str = "SELECT key, value FROM latchkey.records \
     WHERE key >= $1 AND key < $2 ORDER BY key LIMIT $3";

/// The prepared statements.
pub(crate) struct Statements {
    values: Statement,
    page: Statement,
}

impl Statements {
    pub(crate) async fn prepare(client: &Client) -> Result<Self, Error> {
        Ok(Self {
            values: client.prepare(VALUES).await?,
            page: client.prepare(PAGE).await?,
        })
    }
}

/// Performs the reads, and also returns the record of the store's id. One query reads all values,
/// and each page takes one more; all queries are pipelined. If there are several reads and one of
/// them is a page, they run in a transaction, so that they see the same snapshot, unless a
/// transaction is already open.
pub(crate) async fn fetch(
    client: &Client,
    statements: &Statements,
    reads: &[Read],
    in_transaction: bool,
) -> Result<(Vec<Found>, Option<Vec<u8>>), Error> {
    let keys = reads.iter().filter_map(|read| match read {
        Read::Value(key) => Some(key.as_slice()),
        Read::Page(_) => None,
    });
    let store_id = STORE_ID.key(&());
    let keys: Vec<&[u8]> = keys.chain([store_id.as_slice()]).collect();
    let values = async {
        let rows = client.query(&statements.values, &[&keys]).await?;
        Ok(rows.iter().map(pair).collect::<Vec<Pair>>())
    };
    let pages = reads.iter().filter_map(|read| match read {
        Read::Page(page) => Some(fetch_page(client, &statements.page, page)),
        Read::Value(_) => None,
    });
    let needs_transaction = !in_transaction
        && reads.len() > 1
        && reads.iter().any(|read| matches!(read, Read::Page(_)));
    let around = |sql: &'static str| async move {
        if needs_transaction {
            client.batch_execute(sql).await?;
        }
        Ok::<_, Error>(())
    };
    // Each query is sent when it is first polled, and `biased` polls them in this order.
    let ((), values, pages, ()) = tokio::try_join!(
        biased;
        around("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
        values,
        try_join_all(pages),
        around("COMMIT")
    )?;
    let values: HashMap<_, _> = values.into_iter().collect();
    let mut pages = pages.into_iter();
    let found = reads.iter().map(|read| match read {
        Read::Value(key) => Found::Value(values.get(key).cloned()),
        Read::Page(_) => Found::Page(pages.next().unwrap_or_default()),
    });
    Ok((found.collect(), values.get(&store_id).cloned()))
}

async fn fetch_page(
    client: &Client,
    statement: &Statement,
    page: &Page,
) -> Result<Vec<Pair>, Error> {
    let (from, until, most) = (page.from(), until(page), limit(page));
    let rows = client.query(statement, &[&from, &until, &most]).await?;
    Ok(rows.iter().map(pair).collect())
}

fn pair(row: &Row) -> Pair {
    (row.get(0), row.get(1))
}

#[cfg(test)]
mod tests {
    use latchkey_testing::{Database as _, Postgres};

    use super::PAGE;
    use crate::{Address, open};

    #[tokio::test]
    async fn page_query_scans_only_its_range_of_the_index() {
        let postgres = Postgres::start().expect("a private PostgreSQL");
        let url = postgres.url().parse().expect("a URL");
        let address = Address::new(&url, None, None).expect("an address");
        open(&address).await.expect("a store");
        // The session settings of a pooled connection: a generic plan.
        let plan = postgres.query(&format!(
            "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
         PREPARE page (bytea, bytea, bigint) AS {PAGE}; EXPLAIN EXECUTE page ('a', 'b', 1000)"
        ));
        let plan = plan.expect("a plan");
        let condition = "Index Cond: ((key >= $1) AND (key < $2))";
        assert!(plan.contains(condition), "{plan}");
    }
}
