//! What is understood, and what is refused with which words.

use super::*;
use crate::test::crash::Kills;

fn understand(line: &str) -> Result<Command> {
    parse(line.split_whitespace().map(OsString::from))
}

#[test]
fn commands_are_understood() {
    for (line, expected) in [
        ("", Command::Help),
        ("--help", Command::Help),
        ("test -h", Command::Help),
        ("tidy", Command::Tidy),
        (
            "dist --target-dir=/t",
            Command::Dist {
                target_dir: Some("/t".into()),
            },
        ),
        (
            "run -- --listen 127.0.0.1:0",
            Command::Run {
                serve_flags: vec!["--listen".into(), "127.0.0.1:0".into()],
            },
        ),
        (
            "dev -- --dev-flag",
            Command::Dev {
                serve_flags: vec!["--dev-flag".into()],
            },
        ),
        (
            "test api e2e",
            Command::Test(Request {
                parts: vec![Part::Api, Part::E2e],
                ..Request::default()
            }),
        ),
        (
            "test unit -- rotation -- x",
            Command::Test(Request {
                parts: vec![Part::Unit],
                runner_args: vec!["rotation".into(), "--".into(), "x".into()],
                ..Request::default()
            }),
        ),
        (
            "test crash --rounds 1000 --seed 7",
            Command::Test(Request {
                parts: vec![Part::Crash],
                kills: Kills {
                    rounds: 1000,
                    seed: Some(7),
                },
                ..Request::default()
            }),
        ),
        (
            "bench http --rounds 2 --seconds 1",
            Command::BenchHttp(Settings {
                rounds: 2,
                seconds: 1,
                ..Settings::default()
            }),
        ),
    ] {
        assert_eq!(understand(line).expect(line), expected, "{line}");
    }
}

#[test]
fn mistakes_are_named() {
    for (line, said) in [
        ("walk", "there is no command `walk`"),
        ("test everything", "there is no part `everything`"),
        ("tidy --fix", "invalid option '--fix'"),
        (
            "dist -- x",
            "only `run`, `dev` and `test` take arguments after `--`",
        ),
        (
            "bench",
            "`bench` needs `http`, `propagation` or `scale` after it",
        ),
        ("bench http --rounds many", "many"),
    ] {
        let error = format!("{:#}", understand(line).expect_err(line));
        assert!(
            error.contains(said) && error.contains("--help"),
            "{line}: {error}"
        );
    }
}
