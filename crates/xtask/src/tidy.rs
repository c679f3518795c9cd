//! `cargo xtask tidy`: checks project rules that the compiler does not check.
//!
//! One file per rule. A rule only reads the files of the project, and every finding says what is
//! wrong and how to fix it.

mod banned_words;
mod concrete_store;
mod crate_graph;
mod finding;
mod imports;
mod layers;
mod length;
mod libraries;
mod links;
mod loops;
mod manifest;
mod markup;
mod module_docs;
mod module_files;
mod paths;
mod phrases;
mod pinned_version;
mod purity;
mod requirements;
mod tree;

use anyhow::{Result, bail};

use self::finding::Finding;
use self::tree::Tree;
use crate::progress;
use crate::workspace::Workspace;

/// Checks a tree and returns the violations.
type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: [Rule; 16] = [
    crate_graph::check,
    libraries::check,
    concrete_store::check,
    purity::check,
    requirements::check,
    loops::check,
    layers::check,
    paths::check,
    links::check,
    module_docs::check,
    length::check,
    module_files::check,
    banned_words::check,
    phrases::check,
    markup::check,
    pinned_version::check,
];

/// Applies all rules and prints their findings.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let tree = Tree::read(workspace.root())?;
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => progress::note(&format!("{} files are tidy", tree.len())),
        1 => bail!("tidy found 1 problem"),
        many => bail!("tidy found {many} problems"),
    }
    Ok(())
}
