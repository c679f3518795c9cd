//! The C compiler, needed by cryptography libraries written in C.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

/// Checks that the C compiler works and finds the headers of the standard library.
pub(crate) fn ensure() -> Result<()> {
    let compiler = env::var_os("CC").map_or_else(|| "cc".into(), PathBuf::from);
    let folder = tempfile::tempdir().context("cannot create a temporary directory")?;
    let source = folder.path().join("probe.c");
    std::fs::write(&source, "#include <stdlib.h>\n#include <string.h>\n")
        .with_context(|| format!("cannot write {}", source.display()))?;
    if process::stdout_of(Command::new(&compiler).arg("-fsyntax-only").arg(&source)).is_ok() {
        return Ok(());
    }
    bail!(
        "no working C compiler (tried `{}`): install one ({}), or set the variable CC",
        compiler.display(),
        if cfg!(target_os = "macos") {
            "`xcode-select --install`"
        } else {
            "on Debian and Ubuntu `apt-get install build-essential`"
        }
    );
}
