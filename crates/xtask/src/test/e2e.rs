//! End-to-end tests: Playwright with a real browser and the real server.

use std::env;

use anyhow::Result;

use super::count::Count;
use crate::tools::{chromium, node};
use crate::workspace::Workspace;
use crate::{process, server, spa};

/// Timeouts (in seconds) and workers of the tests, for machines that are slow or busy. The environment
/// overrides them; `end2end/README.md` describes them.
const DEFAULTS: [(&str, &str); 3] = [
    ("LATCHKEY_E2E_TEST_TIMEOUT", "180"),
    ("LATCHKEY_E2E_EXPECT_TIMEOUT", "30"),
    ("LATCHKEY_E2E_WORKERS", "2"),
];

/// Type-checks the tests, then runs them.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<Count> {
    let folder = node::ensure_packages(workspace)?;
    let browser = chromium::ensure(workspace)?;
    let dist = spa::ensure(workspace)?;
    let program = server::build_debug(workspace)?;
    process::run(node::package_command(&folder, "tsc")?.arg("--noEmit"))?;

    let mut playwright = node::package_command(&folder, "playwright")?;
    playwright
        .arg("test")
        .args(args)
        .env("LATCHKEY_BIN", program)
        .env("LATCHKEY_WEB_DIST", dist)
        .env("CHROMIUM_PATH", browser);
    for (variable, value) in DEFAULTS {
        if env::var_os(variable).is_none() {
            playwright.env(variable, value);
        }
    }
    let mut count = Count::default();
    process::run_watched(&mut playwright, |line| count.add_playwright_line(line))?;
    Ok(count)
}
