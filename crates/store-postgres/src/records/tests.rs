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
