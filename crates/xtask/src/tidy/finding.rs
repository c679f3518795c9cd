//! The result of a rule.

use std::fmt;

/// A violation of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// The file's path, relative to the root of the project.
    pub(crate) path: String,
    /// The line number, starting at 1.
    pub(crate) line: usize,
    /// What is wrong and what to do.
    pub(crate) what: String,
}

impl Finding {
    pub(crate) fn new(path: impl Into<String>, line: usize, what: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            line,
            what: what.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// What a rule reports about these files.
#[cfg(test)]
pub(crate) fn reported(
    check: fn(&super::tree::Tree) -> Vec<Finding>,
    files: &[(&str, &str)],
) -> Vec<String> {
    let findings = check(&super::tree::Tree::of(files));
    findings.iter().map(ToString::to_string).collect()
}
