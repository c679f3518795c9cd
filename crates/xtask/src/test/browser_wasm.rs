//! Tests of the client and the pages, compiled to WASM and run in a headless browser.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::count::Count;
use crate::tools::cargo_tool::BuildDir;
use crate::tools::rust::{self, WASM_TARGET};
use crate::tools::{self, chromedriver, chromium};
use crate::workspace::Workspace;
use crate::{process, progress};

/// The machine-independent browser settings.
const SETTINGS: &str = "crates/client/webdriver.json";

/// The packages to test. The pages are tested separately from the client, because they need the
/// feature `hydrate`. Documentation tests run on the host only.
const SELECTIONS: [&[&str]; 2] = [
    &["-p", "latchkey-client", "--tests"],
    &[
        "-p",
        "latchkey-web",
        "--no-default-features",
        "--features",
        "hydrate",
        "--test",
        "browser",
    ],
];

/// Runs the tests with wasm-bindgen's test runner.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<Count> {
    rust::ensure_wasm_target(workspace)?;
    let wasm_bindgen = tools::wasm_bindgen(workspace)?.ensure(&BuildDir::default())?;
    let browser = chromium::ensure(workspace)?;
    let driver = chromedriver::ensure(&browser)?;
    progress::note(&format!(
        "browser {}, driver {}",
        browser.display(),
        driver.display()
    ));

    let settings = settings(workspace, &browser)?;
    let mut count = Count::default();
    let mut results = Vec::new();
    // Continue after a failure, so that one run reports everything.
    for selection in SELECTIONS {
        let mut command = workspace.cargo();
        command
            .args(["test", "--no-fail-fast"])
            .args(selection)
            .args(["--target", WASM_TARGET, "--"])
            .args(args)
            .env(
                "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER",
                wasm_bindgen.join("wasm-bindgen-test-runner"),
            )
            .env("CHROMEDRIVER", &driver)
            // In seconds; generous for slow machines.
            .env("WASM_BINDGEN_TEST_TIMEOUT", "600")
            .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "120")
            .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", &settings);
        results.push(process::run_watched(&mut command, |line| {
            count.add_cargo_line(line);
        }));
    }
    results.into_iter().collect::<Result<()>>()?;
    Ok(count)
}

/// Writes the browser settings, with this machine's browser, to a separate file.
fn settings(workspace: &Workspace, browser: &Path) -> Result<PathBuf> {
    let text = workspace.read(SETTINGS)?;
    let settings: Value =
        serde_json::from_str(&text).with_context(|| format!("{SETTINGS} is not valid JSON"))?;
    let settings = with_browser(settings, browser)
        .with_context(|| format!("{SETTINGS} has no object `goog:chromeOptions`"))?;
    let file = workspace.own_dir()?.join("webdriver.json");
    fs::write(&file, settings.to_string())
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

fn with_browser(mut settings: Value, browser: &Path) -> Option<Value> {
    let options = settings.get_mut("goog:chromeOptions")?.as_object_mut()?;
    options.insert("binary".to_owned(), json!(browser));
    Some(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_of_this_machine_is_inserted() {
        let settings =
            json!({"goog:chromeOptions": {"args": ["--headless=new"], "binary": "/old"}});
        let expected =
            json!({"goog:chromeOptions": {"args": ["--headless=new"], "binary": "/new"}});
        assert_eq!(with_browser(settings, Path::new("/new")), Some(expected));
        assert_eq!(with_browser(json!({}), Path::new("/new")), None);
    }
}
