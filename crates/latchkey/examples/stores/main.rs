//! Measures the stores: how soon a revocation reaches another server, what a refresh costs, and how
//! long a server with a large denylist takes to start. Prints Markdown.
//!
//! - `stores propagation LATCHKEY [COUNT]`: revocations and refreshes; LATCHKEY is the program to
//!   measure
//! - `stores scale LATCHKEY [DENIALS…]`: startup with this many denials, and the size of sled's
//!   directory while denials are written and expire
//! - `stores churn`: the size of sled's directory while sessions start and end
//! - `stores crowd`: a user with very many past sign-ins
//! - `stores users [COUNT]`: lists of users and sessions, with this many of both
//! - `stores audit [COUNT]`: pages of the audit log, with this many records
//! - `stores seed DATA_DIR COUNT`: writes COUNT unexpired denials to the store in this directory
//! - `stores sign-in URL`: signs in to this server and prints the access token

#![expect(clippy::print_stdout, reason = "prints the measurements")]

mod audit;
mod churn;
mod crowd;
mod figures;
mod node;
mod propagation;
mod refresh;
mod scale;
mod seed;
mod users;

use std::env;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use latchkey_testing::ApiClient;

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = env::args().skip(1);
    let measurement = args.next().unwrap_or_default();
    let program = match measurement.as_str() {
        "churn" | "crowd" | "users" | "audit" => PathBuf::new(),
        "seed" => PathBuf::from(args.next().context("the argument DATA_DIR is missing")?),
        "sign-in" => {
            let server = args.next().context("the argument URL is missing")?;
            let tokens = ApiClient::new(server).sign_in().await;
            println!("{}", tokens.access_token);
            return Ok(());
        }
        _ => PathBuf::from(args.next().context("the argument LATCHKEY is missing")?),
    };
    let numbers: Result<Vec<u64>, _> = args.map(|arg| arg.parse()).collect();
    let numbers = numbers.context("the remaining arguments must be numbers")?;
    match measurement.as_str() {
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
        "users" => {
            let count = numbers.first().copied().unwrap_or(100_000);
            users::run(usize::try_from(count)?).await
        }
        "audit" => audit::run(numbers.first().copied().unwrap_or(1_000_000)).await,
        "seed" => {
            let count = numbers.first().context("the argument COUNT is missing")?;
            seed::run(&program, *count).await
        }
        other => bail!("unknown measurement {other:?}"),
    }
}
