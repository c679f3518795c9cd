//! What wrk prints, and the middle of several runs.

use super::*;

const SAID: &str = "Running 8s test @ http://127.0.0.1:7000/api/me
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
fn the_figures_are_read() {
    let sample = read(SAID).expect("wrk's own words");
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
fn answers_that_are_refusals_do_not_count() {
    let said = format!("{SAID}  Non-2xx or 3xx responses: 17\n");
    let error = read(&said).expect_err("refused").to_string();
    assert!(error.contains("Non-2xx or 3xx responses: 17"), "{error}");
}

#[test]
fn something_else_than_wrk_is_an_error() {
    assert!(read("usage: wrk <options> <url>").is_err());
}

#[test]
fn durations_come_in_several_units() {
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
fn the_median_is_taken_of_each_figure() {
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
