//! The command line, taken apart.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use lexopt::{Arg, Parser, ValueExt};

use crate::bench::http::Settings;
use crate::test::{Part, Request};

/// What `cargo xtask --help` says.
pub(crate) const HELP: &str = "\
Builds, runs and tests Latchkey, with everything that takes set up on the way.

cargo xtask run [-- FLAGS]
    Build the pages and the server, and start them with demo accounts on
    http://127.0.0.1:7000. FLAGS are for `latchkey serve`.

cargo xtask dev [-- FLAGS]
    The same, and build and restart after each change of crates, style or public. While a build
    fails, the server of the last good one keeps running.

cargo xtask test [PART...] [--rounds N] [--seed S] [-- ARGS]
    Run the tests: all parts, or the ones named. ARGS are for the test runner of one part.
        fmt      the formatting
        tidy     the rules of ARCHITECTURE.md that no compiler checks
        deny     advisories, licences and sources of all dependencies, with cargo-deny
        clippy   lints, for the host and for the browser
        unit     unit, integration and documentation tests of the host crates
        api      the HTTP API
        crash    the server killed amid its work, N times; what happens when follows from S
        wasm     the tests of the client and the pages in a headless browser
        e2e      Playwright: a browser, the real server, a provider nobody here wrote
        dist     the one binary of `cargo xtask dist`, started from an empty folder

cargo xtask dist [--target-dir DIR]
    Build one optimised `latchkey` with the pages inside: target/dist/latchkey.

cargo xtask bench http [--rounds N] [--seconds N] [--denials N]
    Measure an authenticated request beside a bare axum route, and write the figures to
    docs/performance.md.

cargo xtask bench propagation [--count N]
    Measure how soon a second server refuses what was revoked at the first, over Redis and over
    PostgreSQL, and what sign-ins and refreshes cost.

cargo xtask bench scale [--denials N]...
    Measure how a server starts over so many denials, and how large sled becomes.

cargo xtask tidy
    Only the part `tidy` of the tests.
";

/// What the person wants.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// To see what there is.
    Help,
    /// To see Latchkey run.
    Run {
        /// For `latchkey serve`.
        serve_flags: Vec<String>,
    },
    /// To see each change at once.
    Dev {
        /// For `latchkey serve`.
        serve_flags: Vec<String>,
    },
    /// To know whether a change is good.
    Test(Request),
    /// One binary to carry away.
    Dist {
        /// Where cargo builds.
        target_dir: Option<PathBuf>,
    },
    /// Figures of the HTTP API's speed.
    BenchHttp(Settings),
    /// Figures of several servers over one store.
    BenchPropagation {
        /// How many revocations.
        count: u32,
    },
    /// Figures of long denylists.
    BenchScale {
        /// How many denials; the usual steps if none is named.
        denials: Vec<u32>,
    },
    /// The rules of ARCHITECTURE.md checked.
    Tidy,
}

/// Understands the arguments after the program's name.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command> {
    let args: Vec<OsString> = args.into_iter().collect();
    let end = args
        .iter()
        .position(|arg| arg == "--")
        .unwrap_or(args.len());
    let mut parser = Parser::from_args(args[..end].iter().cloned());
    let command = command(&mut parser, &args[(end + 1).min(args.len())..]);
    command.map_err(|error| anyhow!("{error:#} (`cargo xtask --help` lists what there is)"))
}

fn command(parser: &mut Parser, rest: &[OsString]) -> Result<Command> {
    let mut command = match word(parser)?.as_deref() {
        None | Some("help") => Command::Help,
        Some("run") => Command::Run {
            serve_flags: texts(rest)?,
        },
        Some("dev") => Command::Dev {
            serve_flags: texts(rest)?,
        },
        Some("test") => Command::Test(Request {
            runner_args: texts(rest)?,
            ..Request::default()
        }),
        Some("dist") => Command::Dist { target_dir: None },
        Some("bench") => match word(parser)?.as_deref() {
            Some("http") => Command::BenchHttp(Settings::default()),
            Some("propagation") => Command::BenchPropagation { count: 1000 },
            Some("scale") => Command::BenchScale {
                denials: Vec::new(),
            },
            other => bail!(
                "`bench` needs `http`, `propagation` or `scale` after it, not `{}`",
                other.unwrap_or_default()
            ),
        },
        Some("tidy") => Command::Tidy,
        Some(other) => bail!("there is no command `{other}`"),
    };
    while let Some(arg) = parser.next()? {
        match (&mut command, arg) {
            (_, Arg::Short('h') | Arg::Long("help")) => return Ok(Command::Help),
            (Command::Test(request), Arg::Value(name)) => {
                request.parts.push(Part::named(&name.string()?)?);
            }
            (Command::Test(request), Arg::Long("rounds")) => {
                request.kills.rounds = parser.value()?.parse()?;
            }
            (Command::Test(request), Arg::Long("seed")) => {
                request.kills.seed = Some(parser.value()?.parse()?);
            }
            (Command::Dist { target_dir }, Arg::Long("target-dir")) => {
                *target_dir = Some(parser.value()?.into());
            }
            (Command::BenchHttp(settings), Arg::Long("rounds")) => {
                settings.rounds = parser.value()?.parse()?;
            }
            (Command::BenchHttp(settings), Arg::Long("seconds")) => {
                settings.seconds = parser.value()?.parse()?;
            }
            (Command::BenchHttp(settings), Arg::Long("denials")) => {
                settings.denials = parser.value()?.parse()?;
            }
            (Command::BenchPropagation { count }, Arg::Long("count")) => {
                *count = parser.value()?.parse()?;
            }
            (Command::BenchScale { denials }, Arg::Long("denials")) => {
                denials.push(parser.value()?.parse()?);
            }
            (_, other) => return Err(other.unexpected().into()),
        }
    }
    let takes_rest = matches!(
        command,
        Command::Run { .. } | Command::Dev { .. } | Command::Test(_)
    );
    if !rest.is_empty() && !takes_rest {
        bail!("only `run`, `dev` and `test` take arguments after `--`");
    }
    Ok(command)
}

/// The next argument, which must be a word; nothing at the end or where help is asked for.
fn word(parser: &mut Parser) -> Result<Option<String>> {
    match parser.next()? {
        None | Some(Arg::Short('h') | Arg::Long("help")) => Ok(None),
        Some(Arg::Value(word)) => Ok(Some(word.string()?)),
        Some(other) => Err(other.unexpected().into()),
    }
}

fn texts(args: &[OsString]) -> Result<Vec<String>> {
    args.iter().map(|arg| Ok(arg.clone().string()?)).collect()
}

#[cfg(test)]
mod tests;
