//! Measures sign-ins with passwords. Prints Markdown.
//!
//! - `passwords timing [TRIES]`: whether refused sign-ins take longer for known usernames
//! - `passwords flood [SECONDS]`: how much a flood of sign-ins delays other requests
//!
//! With `LATCHKEY_STORE__URL`, the store is the PostgreSQL database at this URL instead of an embedded
//! one.

#![expect(clippy::print_stdout, reason = "prints the measurements")]

mod flood;
mod server;
mod timing;

use std::env;

use anyhow::{Context as _, Result, bail};

fn main() -> Result<()> {
    let mut args = env::args().skip(1);
    let measurement = args.next().unwrap_or_default();
    let number = args.next().map(|text| text.parse()).transpose();
    let number: Option<u32> = number.context("the argument must be a number")?;
    match measurement.as_str() {
        "timing" => timing::run(number.unwrap_or(1000)),
        "flood" => flood::run(number.unwrap_or(10)),
        other => bail!("unknown measurement {other:?}"),
    }
}
