//! Measures what the stores do for the server: how soon the other machine knows, what a refresh
//! costs, how a server starts over a long denylist. Prints Markdown.
//!
//! `stores propagation LATCHKEY [COUNT]` and `stores scale LATCHKEY [DENIALS…]`, where LATCHKEY is
//! the program to measure; `stores churn` and `stores crowd` need none.
//!
//! `stores seed DATA_DIR COUNT` writes COUNT live denials into the store of that directory;
//! `stores sign-in URL` signs in at that server and prints the access token.

#![expect(clippy::print_stdout, reason = "what it measured is its answer")]

mod churn;
mod crowd;
mod figures;
mod node;
mod propagation;
mod refresh;
mod scale;
mod seed;

use std::env;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use latchkey_testing::ApiClient;

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = env::args().skip(1);
    let what = args.next().unwrap_or_default();
    let program = match what.as_str() {
        "churn" | "crowd" => PathBuf::new(),
        "seed" => PathBuf::from(args.next().context("name the data directory")?),
        "sign-in" => {
            let server = args.next().context("name the server's URL")?;
            let tokens = ApiClient::new(server).sign_in().await;
            println!("{}", tokens.access_token);
            return Ok(());
        }
        _ => PathBuf::from(args.next().context("name the program to measure")?),
    };
    let numbers: Result<Vec<u64>, _> = args.map(|arg| arg.parse()).collect();
    let numbers = numbers.context("what follows is numbers")?;
    match what.as_str() {
        "propagation" => {
            let count = numbers.first().copied().unwrap_or(1000);
            propagation::run(&program, count).await?;
            refresh::run(&program).await
        }
        "scale" => {
            scale::run(&program, &numbers)?;
            churn::run().await
        }
        "churn" => churn::sessions().await,
        "crowd" => crowd::run().await,
        "seed" => {
            let count = numbers.first().context("say how many denials to write")?;
            seed::run(&program, *count).await
        }
        other => bail!("there is nothing to measure by the name {other:?}"),
    }
}
