//! Which command lines are accepted, and the errors for those that are not.

use clap::{CommandFactory as _, Error};

use super::*;
use crate::test::Part;
use crate::test::crash::Kills;

fn parse(line: &str) -> Result<Option<Command>, Error> {
    let words = std::iter::once("xtask").chain(line.split_whitespace());
    Cli::try_parse_from(words).map(|cli| cli.command)
}

fn test(parts: &[Part], runner_args: &[&str], kills: (u32, Option<u64>)) -> Command {
    let (rounds, seed) = kills;
    Command::Test(Request {
        parts: parts.to_vec(),
        runner_args: runner_args.iter().map(ToString::to_string).collect(),
        kills: Kills { rounds, seed },
    })
}

fn http(rounds: u32, seconds: u32, denials: u32) -> Command {
    Command::Bench(Bench::Http(Settings {
        rounds,
        seconds,
        denials,
    }))
}

#[test]
fn commands_are_parsed() {
    Cli::command().debug_assert();
    assert_eq!(parse("").expect("the help"), None);
    let dist = |dir: Option<&str>| Command::Dist {
        target_dir: dir.map(PathBuf::from),
    };
    let propagation = |count| Command::Bench(Bench::Propagation { count });
    let scale = |denials| Command::Bench(Bench::Scale { denials });
    let run = Command::Run {
        serve_flags: vec!["--listen".into(), "127.0.0.1:0".into()],
    };
    let dev = Command::Dev {
        serve_flags: vec!["--dev-flag".into()],
    };
    for (line, expected) in [
        ("tidy", Command::Tidy),
        ("dist", dist(None)),
        ("dist --target-dir=/t", dist(Some("/t"))),
        ("run -- --listen 127.0.0.1:0", run),
        ("dev -- --dev-flag", dev),
        ("test", test(&[], &[], (100, None))),
        (
            "test api e2e",
            test(&[Part::Api, Part::E2e], &[], (100, None)),
        ),
        (
            "test unit -- rotation -- x",
            test(&[Part::Unit], &["rotation", "--", "x"], (100, None)),
        ),
        (
            "test crash --rounds 1000 --seed 7",
            test(&[Part::Crash], &[], (1000, Some(7))),
        ),
        ("bench http", http(5, 8, 100_000)),
        ("bench http --rounds 2 --seconds 1", http(2, 1, 100_000)),
        ("bench propagation", propagation(1000)),
        ("bench propagation --count 3", propagation(3)),
        ("bench scale", scale(vec![])),
        ("bench scale --denials 1 --denials 2", scale(vec![1, 2])),
    ] {
        assert_eq!(parse(line).expect(line), Some(expected), "{line}");
    }
}

#[test]
fn errors_name_the_invalid_argument() {
    for (line, expected) in [
        ("walk", "unrecognized subcommand 'walk'"),
        ("test everything", "invalid value 'everything'"),
        ("tidy --fix", "unexpected argument '--fix'"),
        ("dist -- x", "unexpected argument 'x'"),
        ("bench", "Usage: cargo xtask bench <COMMAND>"),
        ("bench http --rounds many", "invalid value 'many'"),
    ] {
        let error = parse(line).expect_err(line).to_string();
        assert!(
            error.contains(expected) && error.contains("--help"),
            "{line}: {error}"
        );
    }
}
