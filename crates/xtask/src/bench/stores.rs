//! Benchmarks of the stores. The measurements are made by the example `stores` of the crate
//! `latchkey`.

use std::process::Command;

use anyhow::{Context, Result, bail};

use super::report;
use crate::tools::{c_compiler, databases};
use crate::workspace::Workspace;
use crate::{dist, process, progress};

/// Measures how soon another server learns of a revocation, and the cost of sign-ins and refreshes.
pub(crate) fn propagation(workspace: &Workspace, count: u32) -> Result<()> {
    measure(workspace, "propagation", &[count.to_string()])
}

/// Measures how fast a server starts with a large denylist, and the disk space that sled uses.
pub(crate) fn scale(workspace: &Workspace, denials: &[u32]) -> Result<()> {
    let denials: Vec<_> = denials.iter().map(ToString::to_string).collect();
    measure(workspace, "scale", &denials)
}

fn measure(workspace: &Workspace, what: &str, arguments: &[String]) -> Result<()> {
    c_compiler::ensure()?;
    databases::ensure()?;
    let built = dist::build(workspace, None)?;
    progress::step("Building the benchmark", || {
        let mut command = workspace.cargo();
        command.args(["build", "--release", "-p", "latchkey"]);
        command.args(["--example", "stores"]);
        // As in the build of the server; with another value, cargo would rebuild the crate.
        process::run(command.env("LATCHKEY_EMBED_DIST", &built.pages))
    })?;
    let text = progress::step("Measuring", || {
        let mut command = Command::new(workspace.target_dir().join("release/examples/stores"));
        command.arg(what).arg(&built.program).args(arguments);
        let done = command
            .stderr(std::process::Stdio::inherit())
            .output()
            .context("cannot start the benchmark")?;
        if !done.status.success() {
            bail!("the benchmark failed ({})", done.status);
        }
        String::from_utf8(done.stdout).context("the output of the benchmark is not valid UTF-8")
    })?;
    let machine = report::machine();
    let section = format!("`cargo xtask bench {what}` on {machine}.\n\n{text}");
    report::write_section(workspace, what, &section)
}
