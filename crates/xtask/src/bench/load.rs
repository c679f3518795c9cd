//! Load by `wrk`, and what it says about it.

use std::fmt;
use std::net::SocketAddr;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

const THREADS: u32 = 2;
const CONNECTIONS: u32 = 32;

/// The same requests over and over, on connections that stay open.
pub(crate) struct Load<'a> {
    /// For how long, in seconds.
    pub(crate) seconds: u32,
    /// The path that is asked for.
    pub(crate) target: &'a str,
    /// The header of that name.
    pub(crate) authorization: &'a str,
}

impl Load<'_> {
    /// Puts it on `server` and measures.
    pub(crate) fn put_on(&self, server: SocketAddr) -> Result<Sample> {
        let mut command = Command::new("wrk");
        command.args([
            format!("-t{THREADS}"),
            format!("-c{CONNECTIONS}"),
            format!("-d{}s", self.seconds),
            "--latency".to_owned(),
            "-H".to_owned(),
            format!("authorization: {}", self.authorization),
            format!("http://{server}{}", self.target),
        ]);
        read(&process::stdout_of(&mut command)?)
    }

    /// The command, without what is secret in it.
    pub(crate) fn describe(&self) -> String {
        format!(
            "wrk -t{THREADS} -c{CONNECTIONS} -d{}s --latency {}",
            self.seconds, self.target
        )
    }
}

/// What one measurement found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    /// Requests answered per second.
    pub(crate) rate: f64,
    /// Half of all requests were answered within this, in milliseconds.
    pub(crate) p50: f64,
    /// 99 of 100 requests were answered within this, in milliseconds.
    pub(crate) p99: f64,
}

impl Sample {
    /// The median of each figure; nothing for no samples.
    pub(crate) fn median(samples: &[Self]) -> Option<Self> {
        let middle = |figure: fn(&Self) -> f64| {
            let mut figures: Vec<f64> = samples.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            let upper = *figures.get(figures.len() / 2)?;
            let lower = *figures.get(figures.len().checked_sub(1)? / 2)?;
            Some(f64::midpoint(lower, upper))
        };
        Some(Self {
            rate: middle(|sample| sample.rate)?,
            p50: middle(|sample| sample.p50)?,
            p99: middle(|sample| sample.p99)?,
        })
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rate, p50, p99 } = self;
        write!(
            f,
            "{rate:>8.0} requests/s   p50 {p50:.2} ms   p99 {p99:.2} ms"
        )
    }
}

/// Takes the figures out of what wrk printed; an error if not every answer was a good one.
fn read(said: &str) -> Result<Sample> {
    for trouble in ["Non-2xx or 3xx responses", "Socket errors"] {
        if let Some(line) = said.lines().find(|line| line.contains(trouble)) {
            bail!("wrk got other answers than it should have: {}", line.trim());
        }
    }
    let after = |name: &str| {
        let found = said.lines().find_map(|line| line.trim().strip_prefix(name));
        found
            .map(str::trim)
            .with_context(|| format!("wrk said nothing of {name}"))
    };
    let milliseconds = |name: &str| {
        let text = after(name)?;
        duration(text).with_context(|| format!("wrk's `{text}` is no duration"))
    };
    Ok(Sample {
        rate: after("Requests/sec:")?
            .parse()
            .context("wrk's rate is no number")?,
        p50: milliseconds("50%")?,
        p99: milliseconds("99%")?,
    })
}

/// `635.00us`, `1.40ms`, `2.01s`, `1.5m` in milliseconds.
fn duration(text: &str) -> Option<f64> {
    for (unit, milliseconds) in [("us", 0.001), ("ms", 1.0), ("s", 1e3), ("m", 6e4)] {
        if let Some(number) = text.strip_suffix(unit) {
            return number
                .parse::<f64>()
                .ok()
                .map(|number| number * milliseconds);
        }
    }
    None
}

#[cfg(test)]
mod tests;
