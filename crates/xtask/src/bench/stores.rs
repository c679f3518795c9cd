//! What the stores do for the server: measured by an example of the server's crate, which knows
//! how to start one.

use std::process::Command;

use anyhow::{Context, Result, bail};

use super::report;
use crate::tools::{c_compiler, databases};
use crate::workspace::Workspace;
use crate::{dist, process, progress};

/// How soon another machine knows of a revocation, and what a refresh costs.
pub(crate) fn propagation(workspace: &Workspace, count: u32) -> Result<()> {
    measure(workspace, "propagation", &[count.to_string()])
}

/// How a server starts over a long denylist, and how large sled becomes.
pub(crate) fn scale(workspace: &Workspace, denials: &[u32]) -> Result<()> {
    let denials: Vec<_> = denials.iter().map(ToString::to_string).collect();
    measure(workspace, "scale", &denials)
}

fn measure(workspace: &Workspace, what: &str, arguments: &[String]) -> Result<()> {
    c_compiler::ensure()?;
    databases::ensure()?;
    let built = dist::build(workspace, None)?;
    progress::step("Building what measures", || {
        let mut command = workspace.cargo();
        command.args(["build", "--release", "-p", "latchkey"]);
        command.args(["--example", "stores"]);
        // As the server was built just before, or cargo would build that anew.
        process::run(command.env("LATCHKEY_EMBED_DIST", &built.pages))
    })?;
    let text = progress::step("Measuring", || {
        let mut command = Command::new(workspace.target_dir().join("release/examples/stores"));
        command.arg(what).arg(&built.program).args(arguments);
        let done = command
            .stderr(std::process::Stdio::inherit())
            .output()
            .context("cannot measure")?;
        if !done.status.success() {
            bail!("measuring failed ({})", done.status);
        }
        String::from_utf8(done.stdout).context("the figures are no text")
    })?;
    let machine = report::machine();
    let section = format!("`cargo xtask bench {what}` on {machine}.\n\n{text}");
    report::write_section(workspace, what, &section)
}
