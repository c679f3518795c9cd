//! `cargo xtask run`: everything built and started, for somebody who has just cloned it.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::tools::c_compiler;
use crate::workspace::Workspace;
use crate::{server, spa};

const LISTEN: &str = "127.0.0.1:7000";

/// Builds what is missing and becomes the server, so that Ctrl-C reaches it and nothing else.
pub(crate) fn run(workspace: &Workspace, serve_flags: &[String]) -> Result<()> {
    let mut command = build(workspace, serve_flags)?;
    if !is_given(serve_flags, "--listen") {
        greet();
    }
    let error = command.exec();
    Err(error).with_context(|| format!("cannot start {}", command.get_program().display()))
}

/// Builds what is missing; the command that starts the server.
pub(crate) fn build(workspace: &Workspace, serve_flags: &[String]) -> Result<Command> {
    c_compiler::ensure()?;
    let dist = spa::ensure(workspace)?;
    let program = server::build_debug(workspace)?;

    let mut command = workspace.command(&program);
    command.arg("serve");
    // A flag given twice is an error; the person's own wins.
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

fn greet() {
    println!(
        "
  Latchkey starts on http://{LISTEN}

  1. Open it in a browser, choose \"Continue with Demo account\" and pick an account.
  2. Go to http://{LISTEN}/playground, make the access token live for 5 seconds,
     and watch a call go 401 → refresh → retry.
  3. Ctrl-C ends it. Accounts and sessions stay in ./data.
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
    fn a_flag_is_recognised_in_both_forms() {
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
