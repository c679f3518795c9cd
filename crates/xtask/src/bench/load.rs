//! Generates load with `wrk` and parses its output.

use std::fmt;
use std::net::SocketAddr;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

const THREADS: u32 = 2;
const CONNECTIONS: u32 = 32;

/// The same request, repeated on persistent connections.
pub(crate) struct Load<'a> {
    /// The duration in seconds.
    pub(crate) seconds: u32,
    /// The path to request.
    pub(crate) target: &'a str,
    /// The `Authorization` header.
    pub(crate) authorization: &'a str,
}

impl Load<'_> {
    /// Runs the load against `server` and returns the measurement.
    pub(crate) fn run_against(&self, server: SocketAddr) -> Result<Sample> {
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

    /// The `wrk` command line, without secrets.
    pub(crate) fn describe(&self) -> String {
        format!(
            "wrk -t{THREADS} -c{CONNECTIONS} -d{}s --latency {}",
            self.seconds, self.target
        )
    }
}

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    /// Requests per second.
    pub(crate) rate: f64,
    /// The median latency in milliseconds.
    pub(crate) p50: f64,
    /// The 99th percentile of the latency in milliseconds.
    pub(crate) p99: f64,
}

impl Sample {
    /// The median of each figure; `None` if there are no samples.
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

/// Parses the output of wrk. Unsuccessful responses and socket errors are an error.
fn read(output: &str) -> Result<Sample> {
    for problem in ["Non-2xx or 3xx responses", "Socket errors"] {
        if let Some(line) = output.lines().find(|line| line.contains(problem)) {
            bail!("some of the requests from wrk failed: {}", line.trim());
        }
    }
    let after = |name: &str| {
        let found = output
            .lines()
            .find_map(|line| line.trim().strip_prefix(name));
        found
            .map(str::trim)
            .with_context(|| format!("the output of wrk has no `{name}`"))
    };
    let milliseconds = |name: &str| {
        let text = after(name)?;
        duration(text).with_context(|| format!("invalid duration `{text}` in the output of wrk"))
    };
    Ok(Sample {
        rate: after("Requests/sec:")?
            .parse()
            .context("invalid rate in the output of wrk")?,
        p50: milliseconds("50%")?,
        p99: milliseconds("99%")?,
    })
}

/// Parses a duration such as `635.00us`, `1.40ms`, `2.01s` or `1.5m` into milliseconds.
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
mod tests {
    use super::*;

    const OUTPUT: &str = "Running 8s test @ http://127.0.0.1:7000/api/me
  2 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   750.63us  510.48us   9.48ms   88.10%
    Req/Sec    21.41k     1.69k   25.09k    70.00%
  Latency Distribution
     50%  635.00us
     75%    0.90ms
     90%    1.21ms
     99%    2.64ms
  341600 requests in 8.00s, 66.78MB read
Requests/sec:  42700.12
Transfer/sec:      8.35MB
";

    #[test]
    fn the_output_of_wrk_is_parsed() {
        let sample = read(OUTPUT).expect("output of wrk");
        assert_eq!(
            sample,
            Sample {
                rate: 42700.12,
                p50: 0.635,
                p99: 2.64
            }
        );
    }

    #[test]
    fn unsuccessful_responses_are_an_error() {
        let output = format!("{OUTPUT}  Non-2xx or 3xx responses: 17\n");
        let error = read(&output).expect_err("refused").to_string();
        assert!(error.contains("Non-2xx or 3xx responses: 17"), "{error}");
    }

    #[test]
    fn other_output_is_an_error() {
        assert!(read("usage: wrk <options> <url>").is_err());
    }

    #[test]
    fn durations_are_parsed_in_all_units() {
        let close = |text: &str, expected: f64| {
            let got = duration(text).expect("a duration");
            assert!((got - expected).abs() < 1e-9, "{text}: {got}");
        };
        close("635.00us", 0.635);
        close("1.40ms", 1.4);
        close("2.01s", 2010.0);
        close("1.5m", 90_000.0);
        assert_eq!(duration("fast"), None);
    }

    #[test]
    fn the_median_is_computed_for_each_figure() {
        let sample = |rate, p50, p99| Sample { rate, p50, p99 };
        let samples = [
            sample(1.0, 9.0, 5.0),
            sample(3.0, 7.0, 6.0),
            sample(2.0, 8.0, 1.0),
        ];
        assert_eq!(Sample::median(&samples), Some(sample(2.0, 8.0, 5.0)));
        assert_eq!(Sample::median(&samples[..2]), Some(sample(2.0, 8.0, 5.5)));
        assert_eq!(Sample::median(&[]), None);
    }
}
