//! Tests the distributed binary in an empty directory.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use latchkey_testing::ServerProcess;
use ureq::Body;
use ureq::http::Response;

use crate::dist::{self, Encoding};
use crate::progress;
use crate::workspace::Workspace;

/// The path below which the server serves the files of the administration console.
const CONSOLE: &str = "/console/";

/// Builds the binary, starts it in an empty directory, and checks the files that it serves.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let built = dist::build(workspace, None)?;
    let empty = tempfile::tempdir().context("cannot create an empty directory")?;
    let mut command = Command::new(&built.program);
    command.current_dir(empty.path());
    command.args([
        "serve",
        "--demo",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        "data",
    ]);
    let server = ServerProcess::start(&mut command)?;
    progress::note(&format!("listening on {}", server.url()));
    check(server.url())?;
    server.stop().map(drop)
}

fn check(server: &str) -> Result<()> {
    let page = get(server, "/", ("accept", "text/html"))?;
    let page = page.into_body().read_to_string()?;
    let hashed = assets(&page);
    for kind in ["js", "wasm"] {
        for of_console in [false, true] {
            ensure!(
                hashed.iter().any(|path| {
                    path.ends_with(&format!(".{kind}")) && path.starts_with(CONSOLE) == of_console
                }),
                "the start page must refer to a hashed .{kind} file of the app and to one of the \
                 console, but refers only to {hashed:?}"
            );
        }
    }
    for path in &hashed {
        for encoding in Encoding::ALL {
            let response = get(server, path, ("accept-encoding", encoding.token()))?;
            compressed(response, path, encoding)?;
        }
        progress::note(&format!("{path}: br and gzip, immutable"));
    }
    Ok(())
}

/// Sends `GET path` and returns the response without decoding the body. An unsuccessful status is
/// an error.
fn get(server: &str, path: &str, header: (&str, &str)) -> Result<Response<Body>> {
    let request = ureq::get(format!("{server}{path}")).header(header.0, header.1);
    request.call().with_context(|| format!("GET {path}"))
}

fn compressed(mut response: Response<Body>, path: &str, encoding: Encoding) -> Result<()> {
    let header = |name| {
        let value = response.headers().get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    let (got, requested) = (header("content-encoding"), encoding.token());
    ensure!(
        got == requested,
        "{path}: requested {requested}, got content-encoding `{got}`"
    );
    let cache = header("cache-control");
    ensure!(
        cache.contains("immutable"),
        "{path}: cache-control `{cache}` lacks `immutable`"
    );
    let vary = header("vary");
    ensure!(
        vary.contains("accept-encoding"),
        "{path}: vary `{vary}` lacks `accept-encoding`"
    );
    let plain = encoding
        .decompress(&response.body_mut().read_to_vec()?)
        .with_context(|| format!("{path}: {requested}"))?;
    if Path::new(path).extension().is_some_and(|ext| ext == "wasm") {
        ensure!(plain.starts_with(b"\0asm"), "{path} is not a WASM module");
    }
    Ok(())
}

/// The hashed files that the page refers to, such as `/latchkey-web-1f2e3d4c5b6a7988.js`, without
/// duplicates.
fn assets(page: &str) -> Vec<String> {
    // The paths of the console are in an attribute that holds JSON.
    let mut found: Vec<String> = page
        .replace("&quot;", "\"")
        .split(['"', '\''])
        .filter(|text| text.starts_with('/') && !text.contains(char::is_whitespace))
        .filter(|text| {
            [".js", ".wasm", ".css"]
                .iter()
                .any(|end| text.ends_with(end))
        })
        .filter(|text| is_hashed(text))
        .map(str::to_owned)
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Whether the path contains a hash from Trunk: 64 bits in hexadecimal without leading zeros, between
/// `-` and `.` or `_`.
fn is_hashed(path: &str) -> bool {
    path.split(['-', '.', '_', '/']).any(|piece| {
        (12..=16).contains(&piece.len()) && piece.chars().all(|digit| digit.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashed_files_are_found_in_the_page() {
        let page = r#"<link rel="modulepreload" href="/latchkey-web-1f2e3d4c5b6a7988.js" nonce="x">
        <link rel="stylesheet" href="/main-a1b2c3d4e5f60718.css">
        <script type="module">import init from '/latchkey-web-1f2e3d4c5b6a7988.js';
        init({ module_or_path: '/latchkey-web-1f2e3d4c5b6a7988_bg.wasm' })</script>
        <body data-page="{&quot;console&quot;:[&quot;/console/c-1f2e3d4c5b6a7988.js&quot;]}">
        <a href="/auth/login?provider=demo&return_to=/account">x</a>
        <script src="/snippets/latchkey-client/inline0.js"></script>"#;
        assert_eq!(
            assets(page),
            [
                "/console/c-1f2e3d4c5b6a7988.js",
                "/latchkey-web-1f2e3d4c5b6a7988.js",
                "/latchkey-web-1f2e3d4c5b6a7988_bg.wasm",
                "/main-a1b2c3d4e5f60718.css",
            ]
        );
    }

    #[test]
    fn a_hash_is_hexadecimal_and_long() {
        assert!(is_hashed("/main-a1b2c3d4e5f6071.css"));
        assert!(!is_hashed("/main-stylesheet.css"));
        assert!(!is_hashed("/favicon.svg"));
    }
}
