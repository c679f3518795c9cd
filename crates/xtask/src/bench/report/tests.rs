//! The section and its place in the file.

use super::*;
use crate::dist::Sizes;

fn report() -> Report {
    Report {
        bare: Sample {
            rate: 40_000.0,
            p50: 0.5,
            p99: 2.0,
        },
        latchkey: Sample {
            rate: 36_800.0,
            p50: 0.55,
            p99: 2.2,
        },
        denials: 100_000,
        rounds: 5,
        load: "wrk -t2".to_owned(),
        sizes: Sizes {
            program: 12_345_678,
            ..Sizes::default()
        },
    }
}

#[test]
fn figures_and_ratios_stand_in_the_section() {
    let text = section(&report(), "2026-11-22, 2 cores").expect("written");
    for line in [
        "`cargo xtask bench http` on 2026-11-22, 2 cores.",
        "| bare axum | 40000 | 0.50 ms | 2.00 ms |",
        "| latchkey | 36800 | 0.55 ms | 2.20 ms |",
        "| latchkey / bare | 0.92 | 1.10 | 1.10 |",
        "The binary with all of that inside: 12345678 bytes.",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

const START: &str = "<!-- bench:http -->";
const END: &str = "<!-- /bench:http -->";

#[test]
fn only_what_is_between_the_markers_changes() {
    let old = format!("# P\n\nby hand\n\n{START}\nold\n{END}\n\nmore by hand\n");
    let new = replace(&old, "http", "new\n").expect("marked");
    assert_eq!(
        new,
        format!("# P\n\nby hand\n\n{START}\nnew\n{END}\n\nmore by hand\n")
    );
    assert_eq!(replace(&new, "http", "new\n").expect("marked"), new);
}

#[test]
fn a_file_without_markers_gets_them_at_its_end() {
    let new = replace("# P\n", "http", "new\n").expect("no marks");
    assert_eq!(new, format!("# P\n\n{START}\nnew\n{END}\n"));
}

#[test]
fn half_a_pair_of_markers_is_an_error() {
    assert!(replace(&format!("{START}\nold\n"), "http", "new\n").is_err());
}
