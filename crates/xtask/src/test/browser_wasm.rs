//! The tests of the client and of the pages, compiled to WASM and run in a headless browser.

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

/// The settings of the browser that hold on every machine.
const SETTINGS: &str = "crates/client/webdriver.json";

/// What is tested. The pages apart from the client, as for the lints: their features are the browser's.
const SELECTIONS: [&[&str]; 2] = [
    &["-p", "latchkey-client"],
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

/// Runs them by wasm-bindgen's test runner.
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
    // All of them even if the first fails: one run shows everything.
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
            // Seconds; a busy machine takes its time.
            .env("WASM_BINDGEN_TEST_TIMEOUT", "600")
            .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "120")
            .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", &settings);
        results.push(process::run_watched(&mut command, |line| {
            count.see_cargo(line);
        }));
    }
    results.into_iter().collect::<Result<()>>()?;
    Ok(count)
}

/// The project's settings with this machine's browser put in, in a file of their own.
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
    fn the_browser_of_this_machine_is_put_in() {
        let settings =
            json!({"goog:chromeOptions": {"args": ["--headless=new"], "binary": "/old"}});
        let expected =
            json!({"goog:chromeOptions": {"args": ["--headless=new"], "binary": "/new"}});
        assert_eq!(with_browser(settings, Path::new("/new")), Some(expected));
        assert_eq!(with_browser(json!({}), Path::new("/new")), None);
    }
}
