//! Files that a person reads in one sitting.

use super::Finding;
use super::tree::Tree;

/// Nothing is longer than this many lines; most should be far shorter.
const MOST: usize = 400;

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let long = tree
        .texts_ending(&["rs", "ts", "css"])
        .filter_map(|(path, text)| {
            let lines = text.lines().count();
            let what =
                format!("has {lines} lines, more than {MOST}: divide it by what it is about");
            (lines > MOST).then(|| Finding::new(path, MOST + 1, what))
        });
    long.collect()
}

#[cfg(test)]
mod tests;
