//! Compares how long a refused sign-in takes for a known and for an unknown username, with the
//! Mann–Whitney U test.
//!
//! Tries to sign in equally often with each kind of name, in random order, over one connection.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use latchkey_testing::ApiClient;

use crate::server::{WRONG_PASSWORD, serve, sign_in};

#[tokio::main]
pub(crate) async fn run(tries: u32) -> Result<()> {
    let tries = usize::try_from(tries)?;
    let folder = tempfile::tempdir()?;
    let server = serve(folder.path(), &["ada"]).await?;
    let client = ApiClient::new(format!("http://{server}"));
    let mut kinds = [vec![true; tries], vec![false; tries]].concat();
    fastrand::shuffle(&mut kinds);
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for (number, is_known) in kinds.into_iter().enumerate() {
        let username = if is_known { "ada" } else { "bob" };
        let time = refused(&client, number, username).await?;
        if is_known {
            known.push(time);
        } else {
            unknown.push(time);
        }
    }
    println!("| username | tries | median | 10th percentile | 90th percentile |");
    println!("|---|---:|---:|---:|---:|");
    for (name, times) in [("known", &mut known), ("unknown", &mut unknown)] {
        times.sort_unstable();
        let [tenth, median, ninetieth] = [1, 5, 9].map(|tenths| times[times.len() * tenths / 10]);
        let millis = |time: Duration| format!("{:.3} ms", time.as_secs_f64() * 1000.0);
        println!(
            "| {name} | {} | {} | {} | {} |",
            times.len(),
            millis(median),
            millis(tenth),
            millis(ninetieth)
        );
    }
    let Comparison { probability, z } = compare(&known, &unknown);
    println!();
    println!(
        "Mann–Whitney: a known name takes longer in {:.1} % of the pairs, z = {z:.2}",
        probability * 100.0
    );
    println!("(|z| < 1.96: no significant difference at the 5 % level)");
    Ok(())
}

/// The time of a sign-in that is refused. Each request comes from a different address, so that no
/// limit on guesses applies.
async fn refused(client: &ApiClient, number: usize, username: &str) -> Result<Duration> {
    let [.., high, middle, low] = number.to_be_bytes();
    let address = format!("10.{high}.{middle}.{low}");
    let request = sign_in(client, &address, username, WRONG_PASSWORD);
    let start = Instant::now();
    let response = request.send().await?;
    let time = start.elapsed();
    ensure!(response.status() == 401, "status {}", response.status());
    response.bytes().await?;
    Ok(time)
}

/// The result of the Mann–Whitney U test.
struct Comparison {
    /// How often a value of the first sample is greater than one of the second.
    probability: f64,
    /// The standard score of U.
    z: f64,
}

fn compare(one: &[Duration], other: &[Duration]) -> Comparison {
    let below = |value: &Duration| {
        let less = other.partition_point(|it| it < value);
        let up_to = other.partition_point(|it| it <= value);
        f64::from(u32::try_from(less + up_to).unwrap_or(u32::MAX)) / 2.0
    };
    let u: f64 = one.iter().map(below).sum();
    let count = |sample: &[Duration]| f64::from(u32::try_from(sample.len()).unwrap_or(u32::MAX));
    let (n, m) = (count(one), count(other));
    let deviation = (n * m * (n + m + 1.0) / 12.0).sqrt();
    Comparison {
        probability: u / (n * m),
        z: (u - n * m / 2.0) / deviation,
    }
}
