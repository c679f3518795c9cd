//! The files of a crate do not import each other in a loop.
//!
//! A loop is a set of files that all reach each other through imports; `imports` defines what
//! counts as an import. A parent and its child are in a loop if each names an item of the other; in
//! that case, move the items that the child imports to a file below both.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Finding;
use super::imports::{Import, imports};
use super::tree::Tree;

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let imports = imports(tree);
    imports
        .values()
        .flat_map(|imports| loops(imports))
        .collect()
}

/// Returns one finding for each loop among the files of a crate.
fn loops(imports: &[Import]) -> Vec<Finding> {
    let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for import in imports {
        graph.entry(&import.from).or_default().insert(&import.to);
    }
    let files = graph.keys();
    let below: BTreeMap<&str, BTreeSet<&str>> =
        files.map(|from| (*from, reachable(&graph, from))).collect();
    let reaches = |from: &str, to: &str| below.get(from).is_some_and(|files| files.contains(to));
    let mut findings = Vec::new();
    for file in graph.keys().filter(|file| reaches(file, file)) {
        let is_in_loop = |other: &str| reaches(file, other) && reaches(other, file);
        // Report each loop once, at its first file.
        if graph.keys().find(|other| is_in_loop(other)) != Some(file) {
            continue;
        }
        let loop_imports = imports
            .iter()
            .filter(|import| is_in_loop(&import.from) && is_in_loop(&import.to));
        let line = loop_imports.clone().next().map_or(1, |import| import.line);
        let what = format!(
            "is in an import loop: move the items that both sides import to a file below them\n{}",
            describe(loop_imports)
        );
        findings.push(Finding::new(*file, line, what));
    }
    findings
}

/// All files that `from` imports, directly or indirectly.
fn reachable<'a>(graph: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &'a str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut next = vec![from];
    while let Some(file) = next.pop() {
        let files = graph.get(file).into_iter().flatten();
        next.extend(files.filter(|file| found.insert(**file)));
    }
    found
}

/// A line for each pair of files: `    a.rs:12 imports Name, other from b.rs`.
fn describe<'a>(loop_imports: impl Iterator<Item = &'a Import>) -> String {
    let inside = |path: &'a str| path.split_once("/src/").map_or(path, |(_, file)| file);
    let mut pairs: BTreeMap<(&str, &str), (usize, BTreeSet<&str>)> = BTreeMap::new();
    for Import {
        from,
        to,
        line,
        name,
    } in loop_imports
    {
        let pair = pairs.entry((inside(from), inside(to))).or_default();
        pair.0 = if pair.0 == 0 {
            *line
        } else {
            pair.0.min(*line)
        };
        pair.1.insert(name);
    }
    let lines = pairs.into_iter().map(|((from, to), (line, names))| {
        let names: Vec<_> = names.into_iter().collect();
        format!("    {from}:{line} imports {} from {to}", names.join(", "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::finding::reported;

    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        reported(check, files)
    }

    #[test]
    fn a_loop_is_one_finding_that_lists_all_its_imports() {
        let found = findings(&[
            ("crates/a/src/lib.rs", "mod drive; mod prove; mod sign_in;"),
            (
                "crates/a/src/drive.rs",
                "use crate::prove::{Posted, Other};\nuse super::sign_in;\nfn f() { sign_in::header() }",
            ),
            ("crates/a/src/prove.rs", "fn f() { crate::drive::since() }"),
            ("crates/a/src/sign_in.rs", "use super::prove::Posted;"),
        ]);
        assert_eq!(
            found,
            [
                "crates/a/src/drive.rs:1: is in an import loop: move the items that both sides import to a file \
              below them\n    drive.rs:1 imports Other, Posted from prove.rs\n    \
              drive.rs:3 imports header from sign_in.rs\n    \
              prove.rs:1 imports since from drive.rs\n    \
              sign_in.rs:1 imports Posted from prove.rs"
            ]
        );
    }

    #[test]
    fn a_parent_and_a_child_that_use_each_other_are_a_loop() {
        let child = ("crates/a/src/b/c.rs", "use super::Finding;");
        let calls = (
            "crates/a/src/b.rs",
            "mod c; pub struct Finding; fn f() { c::check() }",
        );
        assert_eq!(findings(&[child, calls]).len(), 1);
        let reexports = (
            "crates/a/src/b.rs",
            "mod c; pub struct Finding; pub use c::check;",
        );
        assert!(findings(&[child, reexports]).is_empty());
    }

    #[test]
    fn imports_in_one_direction_are_accepted() {
        let found = findings(&[
            ("crates/a/src/one.rs", "use crate::two::Two;"),
            ("crates/a/src/two.rs", "use crate::three::Three;"),
            (
                "crates/a/src/three.rs",
                "#[cfg(test)] mod tests { use crate::one::One; }",
            ),
            ("crates/b/src/three.rs", "use crate::two::Two;"),
            ("crates/b/src/two.rs", "use latchkey_a::one::One;"),
        ]);
        assert!(found.is_empty(), "{found:?}");
    }
}
