//! `cargo xtask run`: builds and starts everything, from a fresh clone.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::tools::c_compiler;
use crate::workspace::Workspace;
use crate::{server, spa};

const LISTEN: &str = "127.0.0.1:7000";

/// Builds what is missing and replaces this process with the server, so that the server receives
/// Ctrl-C.
pub(crate) fn run(workspace: &Workspace, serve_flags: &[String]) -> Result<()> {
    let mut command = build(workspace, serve_flags)?;
    if !is_given(serve_flags, "--listen") {
        print_instructions();
    }
    let error = command.exec();
    Err(error).with_context(|| format!("cannot start {}", command.get_program().display()))
}

/// Builds what is missing and returns the command that starts the server.
pub(crate) fn build(workspace: &Workspace, serve_flags: &[String]) -> Result<Command> {
    c_compiler::ensure()?;
    let dist = spa::ensure(workspace)?;
    let program = server::build_debug(workspace)?;

    let mut command = workspace.command(&program);
    command.arg("serve");
    // A duplicate flag is an error, so only add defaults for flags that are not given.
    if !is_given(serve_flags, "--demo") {
        command.arg("--demo");
    }
    for (flag, value) in [("--listen", LISTEN), ("--data-dir", "./data")] {
        if !is_given(serve_flags, flag) {
            command.args([flag, value]);
        }
    }
    if !is_given(serve_flags, "--web-dir") {
        command.arg("--web-dir").arg(dist);
    }
    command.args(serve_flags);
    Ok(command)
}

fn print_instructions() {
    println!(
        "
  Latchkey starts on http://{LISTEN}

  1. Open it in a browser, choose \"Continue with Demo account\" and pick an account.
  2. Go to http://{LISTEN}/playground, set the access token lifetime to 5 seconds,
     and watch a request get a 401, refresh and retry.
  3. Press Ctrl-C to stop it. Accounts and sessions stay in ./data.
"
    );
}

fn is_given(flags: &[String], name: &str) -> bool {
    flags.iter().any(|flag| {
        flag.strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_recognized_in_both_forms() {
        let flags = [
            "--listen=0.0.0.0:1".to_owned(),
            "--data-dir".to_owned(),
            "x".to_owned(),
        ];
        assert!(is_given(&flags, "--listen"));
        assert!(is_given(&flags, "--data-dir"));
        assert!(!is_given(&flags, "--data"));
        assert!(!is_given(&flags, "--web-dir"));
    }
}
