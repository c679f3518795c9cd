//! Embeds the built single-page app in the binary if `LATCHKEY_EMBED_DIST` names its directory.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-env-changed=LATCHKEY_EMBED_DIST");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    let mut files = String::from("&[\n");
    if let Some(dist) = env::var_os("LATCHKEY_EMBED_DIST") {
        let dist = PathBuf::from(dist);
        println!("cargo::rerun-if-changed={}", dist.display());
        list(&dist, &dist, &mut files);
    }
    files.push(']');
    fs::write(out.join("embedded.rs"), files).expect("OUT_DIR is writable");
}

fn list(root: &Path, folder: &Path, files: &mut String) {
    let entries = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("LATCHKEY_EMBED_DIST: {}: {error}", folder.display()));
    let mut paths: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            list(root, &path, files);
        } else {
            let name = path
                .strip_prefix(root)
                .expect("a path below the root")
                .to_string_lossy();
            let path = path.to_string_lossy();
            writeln!(files, "({name:?}, include_bytes!({path:?})),")
                .expect("writing to a string cannot fail");
        }
    }
}
