//! The programs that the example clients need, besides Node.js.

use anyhow::{Context as _, Result};

use super::debian;
use crate::process;

/// Finds or installs curl, jq and Python.
pub(crate) fn ensure() -> Result<()> {
    for program in ["curl", "jq", "python3"] {
        if process::on_path(program).is_none() {
            debian::install(&[program]).with_context(|| {
                format!("`{program}` is missing: install it with your system's package manager")
            })?;
        }
    }
    Ok(())
}
