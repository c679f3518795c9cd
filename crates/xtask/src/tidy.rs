//! `cargo xtask tidy`: the rules of ARCHITECTURE.md that no compiler checks.
//!
//! One file per rule. A rule looks at the files of the project and nothing else, and every
//! finding says what is wrong and where the thing belongs.

mod arrows;
mod concrete_store;
mod finding;
mod heads;
mod imports;
mod layers;
mod length;
mod libraries;
mod lock;
mod loops;
mod manifest;
mod markup;
mod module_files;
mod paths;
mod purity;
mod requirements;
mod tree;
mod words;

use anyhow::{Result, bail};

use self::finding::Finding;
use self::tree::Tree;
use crate::progress;
use crate::workspace::Workspace;

/// Looks at a tree and says what is wrong with it.
type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: [Rule; 14] = [
    arrows::check,
    libraries::check,
    concrete_store::check,
    purity::check,
    requirements::check,
    loops::check,
    layers::check,
    paths::check,
    heads::check,
    length::check,
    module_files::check,
    words::check,
    markup::check,
    lock::check,
];

/// Applies all rules and prints what they find.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let tree = Tree::read(workspace.root())?;
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => progress::note(&format!("{} files are tidy", tree.len())),
        1 => bail!("one thing is out of place"),
        many => bail!("{many} things are out of place"),
    }
    Ok(())
}
