//! Writes results into sections of docs/performance.md, each between two markers.

use std::fmt::Write as _;
use std::process::Command;
use std::{fs, thread};

use anyhow::{Context, Result, bail};

use super::load::Sample;
use crate::dist::Sizes;
use crate::process;
use crate::workspace::Workspace;

const FILE: &str = "docs/performance.md";

/// The results of the `http` benchmark.
pub(crate) struct Report {
    /// Medians of the bare route.
    pub(crate) bare: Sample,
    /// Medians of Latchkey.
    pub(crate) latchkey: Sample,
    /// The number of active denials.
    pub(crate) denials: u32,
    /// The number of measurements of each server.
    pub(crate) rounds: u32,
    /// The command line of the load generator.
    pub(crate) load: String,
    /// The sizes of the binary and the pages.
    pub(crate) sizes: Sizes,
}

/// Prints the section of the `http` benchmark and writes it to the file.
pub(crate) fn write(workspace: &Workspace, report: &Report) -> Result<()> {
    write_section(workspace, "http", &section(report, &machine())?)
}

/// Prints a section and writes it to the file.
pub(crate) fn write_section(workspace: &Workspace, name: &str, section: &str) -> Result<()> {
    println!("\n{section}");
    let path = workspace.path(FILE);
    let old = fs::read_to_string(&path).unwrap_or_else(|_| "# Performance\n".to_owned());
    let new = replace(&old, name, section)?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::write(&path, new).with_context(|| format!("cannot write {}", path.display()))?;
    println!("written to {FILE}");
    Ok(())
}

/// Replaces the text between the markers of this name; appends the markers if they are missing.
fn replace(text: &str, name: &str, section: &str) -> Result<String> {
    let (start, end) = (
        format!("<!-- bench:{name} -->"),
        format!("<!-- /bench:{name} -->"),
    );
    let Some((before, rest)) = text.split_once(&start) else {
        let before = text.trim_end();
        return Ok(format!("{before}\n\n{start}\n{section}{end}\n"));
    };
    let Some((_, after)) = rest.split_once(&end) else {
        bail!("{FILE} contains `{start}` but no `{end}` after it");
    };
    Ok(format!("{before}{start}\n{section}{end}{after}"))
}

fn section(report: &Report, machine: &str) -> Result<String> {
    let Report {
        bare,
        latchkey,
        denials,
        rounds,
        load,
        sizes,
    } = report;
    let mut text = String::new();
    writeln!(text, "`cargo xtask bench http` on {machine}.\n")?;
    writeln!(
        text,
        "`GET /api/me` with an ES256 access token and {denials} active denials, compared with a bare \
        axum route that returns the same body. Medians of {rounds} alternating runs each; the load \
        generator (`{load}`) runs on the same machine.\n"
    )?;
    writeln!(text, "| | requests/s | p50 | p99 |")?;
    writeln!(text, "|---|---:|---:|---:|")?;
    for (name, sample) in [("bare axum", bare), ("latchkey", latchkey)] {
        let Sample { rate, p50, p99 } = sample;
        writeln!(text, "| {name} | {rate:.0} | {p50:.2} ms | {p99:.2} ms |")?;
    }
    let (rate, p50, p99) = (
        latchkey.rate / bare.rate,
        latchkey.p50 / bare.p50,
        latchkey.p99 / bare.p99,
    );
    writeln!(
        text,
        "| latchkey / bare | {rate:.2} | {p50:.2} | {p99:.2} |\n"
    )?;
    writeln!(text, "What a browser downloads, in bytes:\n")?;
    writeln!(text, "| | uncompressed | brotli |")?;
    writeln!(text, "|---|---:|---:|")?;
    for (name, bytes) in sizes.rows() {
        writeln!(text, "| {name} | {} | {} |", bytes.plain, bytes.brotli)?;
    }
    writeln!(
        text,
        "\nThe binary, including the pages: {} bytes.",
        sizes.program
    )?;
    Ok(text)
}

/// Date, number of cores, processor and system, as far as they are known.
pub(crate) fn machine() -> String {
    let output = |program: &str, args: &[&str]| {
        process::stdout_of(Command::new(program).args(args)).unwrap_or_default()
    };
    let date = output("date", &["-u", "+%Y-%m-%d"]);
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let processor = fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            line.split_once(':').map(|(_, name)| name.trim().to_owned())
        })
        .unwrap_or_else(|| output("sysctl", &["-n", "machdep.cpu.brand_string"]));
    let system = output("uname", &["-sm"]);
    format!("{date}, {cores} cores ({processor}), {system}")
}

#[cfg(test)]
mod tests {
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
    fn the_section_contains_figures_and_ratios() {
        let text = section(&report(), "2026-11-22, 2 cores").expect("written");
        for line in [
            "`cargo xtask bench http` on 2026-11-22, 2 cores.",
            "| bare axum | 40000 | 0.50 ms | 2.00 ms |",
            "| latchkey | 36800 | 0.55 ms | 2.20 ms |",
            "| latchkey / bare | 0.92 | 1.10 | 1.10 |",
            "The binary, including the pages: 12345678 bytes.",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    const START: &str = "<!-- bench:http -->";
    const END: &str = "<!-- /bench:http -->";

    #[test]
    fn only_the_text_between_the_markers_changes() {
        let old = format!("# P\n\nby hand\n\n{START}\nold\n{END}\n\nmore by hand\n");
        let new = replace(&old, "http", "new\n").expect("marked");
        assert_eq!(
            new,
            format!("# P\n\nby hand\n\n{START}\nnew\n{END}\n\nmore by hand\n")
        );
        assert_eq!(replace(&new, "http", "new\n").expect("marked"), new);
    }

    #[test]
    fn missing_markers_are_appended() {
        let new = replace("# P\n", "http", "new\n").expect("no markers");
        assert_eq!(new, format!("# P\n\n{START}\nnew\n{END}\n"));
    }

    #[test]
    fn a_missing_end_marker_is_an_error() {
        assert!(replace(&format!("{START}\nold\n"), "http", "new\n").is_err());
    }
}
