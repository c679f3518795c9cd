//! Runs the real binary under strace, to observe its system calls and to inject failures.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::process::{NO_LIMITS, arguments};

/// sled's file, relative to the data directory.
pub(super) const DB: &str = "store/db";
/// The file that counts commits, relative to the data directory.
pub(super) const COMMITS: &str = "store/latchkey.commits";

/// `latchkey serve` for this data directory, run under strace with additional options.
pub(super) fn traced(data_dir: &Path, listen: &str, options: &[&str]) -> Command {
    let strace = Command::new("strace")
        .arg("-V")
        .stdout(Stdio::null())
        .status();
    assert!(
        strace.is_ok_and(|status| status.success()),
        "strace is missing: `cargo xtask test api` installs it on Debian; elsewhere the system's \
         package manager does"
    );
    let mut command = Command::new("strace");
    // With `-D`, the server stays the direct child, so that it can be killed and waited for.
    command
        .env_clear()
        .envs(NO_LIMITS)
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .current_dir(data_dir.parent().expect("a parent"))
        .args(["-D", "-f", "-y", "-s", "64", "-o"])
        .arg(trace_of(data_dir))
        .args(options)
        .arg(env!("CARGO_BIN_EXE_latchkey"))
        .args(arguments(data_dir, listen));
    command
}

/// The system calls that strace recorded, in order.
pub(super) fn calls(data_dir: &Path) -> Vec<Call> {
    parse(&fs::read_to_string(trace_of(data_dir)).expect("a trace"))
}

fn trace_of(data_dir: &Path) -> PathBuf {
    data_dir.with_extension("strace")
}

/// A system call: `sendto(15<socket:[1750644]>, "HTTP/1.1 204 No Content\r\n…", …) = 882`.
#[derive(Debug)]
pub(super) struct Call {
    /// `sendto`
    pub(super) name: String,
    /// `15<socket:[1750644]>`
    pub(super) file: String,
    /// The remaining arguments and the result.
    pub(super) text: String,
    /// The line of the trace at which the call began.
    pub(super) began: usize,
    /// The line at which it ended; `usize::MAX` if it did not.
    pub(super) ended: usize,
}

impl Call {
    /// Whether this is the call `name` on the file `file`.
    pub(super) fn is(&self, name: &str, file: &str) -> bool {
        self.name == name && self.file.ends_with(&format!("/{file}>"))
    }

    /// The data sent or received, quoted by strace, from the first quotation mark on.
    pub(super) fn data(&self) -> &str {
        self.text.find('"').map_or("", |at| &self.text[at..])
    }

    pub(super) fn succeeded(&self) -> bool {
        self.text
            .rsplit_once(" = ")
            .is_some_and(|(_, result)| result.starts_with(|c: char| c.is_ascii_digit()))
    }
}

/// Parses a trace. strace splits a call into two lines if another thread makes a call before it
/// ends; this joins them.
fn parse(trace: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut open = HashMap::new();
    for (line, text) in trace.lines().enumerate() {
        let Some((thread, text)) = text.split_once(' ') else {
            continue;
        };
        let text = text.trim_start();
        if text.starts_with("<... ") {
            let call: &mut Call = &mut calls[open.remove(thread).expect("an unfinished call")];
            call.ended = line;
            call.text += text.split_once("resumed>").map_or("", |(_, rest)| rest);
            continue;
        }
        let Some((name, rest)) = text.split_once('(') else {
            continue;
        };
        let (rest, ended) = match rest.strip_suffix("<unfinished ...>") {
            Some(rest) => {
                open.insert(thread, calls.len());
                (rest, usize::MAX)
            }
            None => (rest, line),
        };
        let (file, rest) = rest.split_at(rest.find('>').map_or(0, |end| end + 1));
        calls.push(Call {
            name: name.to_owned(),
            file: file.to_owned(),
            text: rest.to_owned(),
            began: line,
            ended,
        });
    }
    calls
}
