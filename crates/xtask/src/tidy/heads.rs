//! Every Rust file says at its head what lives there.

use super::Finding;
use super::tree::Tree;

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let files = tree.texts_ending(&["rs"]);
    let headless = files.filter(|(path, text)| {
        !path.ends_with("/tests.rs") && !text.trim_start().starts_with("//!")
    });
    headless
        .map(|(path, _)| {
            Finding::new(
                path,
                1,
                "begins without `//!`: say what lives here and what may not",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests;
