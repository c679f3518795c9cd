//! Installs Debian packages, if this is Debian and there is permission to do so.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::{process, progress};

/// Generous, because mirrors can be slow and a browser is 100 MB.
const LIMIT: Duration = Duration::from_mins(10);

/// Whether packages can be installed without a password.
pub(crate) fn can_install() -> bool {
    is_debian() && (is_root() || sudo().is_some())
}

/// Installs `packages` with apt-get.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    if !is_debian() {
        bail!("this is not a Debian system with apt-get");
    }
    if !can_install() {
        bail!("run `sudo apt-get install {}`", packages.join(" "));
    }
    progress::step(
        &format!("Installing the Debian packages {}", packages.join(" and ")),
        || {
            process::run_within(apt_get().args(["-qq", "update"]), LIMIT)?;
            let mut command = apt_get();
            command
                .args(["-qq", "-y", "--no-install-recommends", "install"])
                .args(packages);
            process::run_within(&mut command, LIMIT)
        },
    )
    .with_context(|| format!("apt-get cannot install {}", packages.join(" ")))
}

fn is_debian() -> bool {
    Path::new("/etc/debian_version").exists() && process::on_path("apt-get").is_some()
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// `sudo apt-get`, if sudo does not require a password.
fn sudo() -> Option<Command> {
    process::on_path("sudo")?;
    process::stdout_of(Command::new("sudo").args(["-n", "true"])).ok()?;
    let mut command = Command::new("sudo");
    command.args(["-n", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    Some(command)
}

fn apt_get() -> Command {
    if !is_root()
        && let Some(command) = sudo()
    {
        return command;
    }
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}
