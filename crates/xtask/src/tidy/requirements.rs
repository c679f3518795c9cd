//! Every security requirement has tests, and tests cite only requirements that exist.
//!
//! A test cites requirements by the numbers at the start of its name: `security_5_…` and
//! `security_47_57_…` in Rust, `'57, 59: …'` in Playwright. A comment cites one as `SECURITY 5`.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Finding;
use super::tree::{Tree, numbered};

const LIST: &str = "docs/security-requirements.md";

/// The heading above the requirements that have no tests.
const NOT_IN_FORCE: &str = "## Not in force";

/// A row of the table.
struct Row<'a> {
    number: u32,
    line: usize,
    files: BTreeSet<&'a str>,
    in_force: bool,
}

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(list) = tree.text(LIST) else {
        let what = "is missing: it defines the requirement numbers in test names";
        return vec![Finding::new(LIST, 1, what)];
    };
    let rows = rows(list);
    let mut findings = out_of_order(&rows);
    let tests = tests(tree);
    let known: BTreeSet<u32> = rows.iter().map(|row| row.number).collect();
    for (path, line, number) in comments(tree).chain(tests.iter().copied()) {
        if !known.contains(&number) {
            let what = format!("requirement {number} does not exist in {LIST}");
            findings.push(Finding::new(path, line, what));
        }
    }
    let mut citing: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
    for (path, _, number) in tests {
        citing.entry(number).or_default().insert(path);
    }
    let none = BTreeSet::new();
    for row in &rows {
        let citing = citing.get(&row.number).unwrap_or(&none);
        findings.extend(disagreement(row, citing));
    }
    findings
}

/// What is wrong with a row. `citing` contains the files whose tests cite its requirement.
fn disagreement(row: &Row<'_>, citing: &BTreeSet<&str>) -> Option<Finding> {
    let number = row.number;
    let what = if !row.in_force {
        if citing.is_empty() {
            return None;
        }
        format!("requirement {number} has tests: move it to the requirements in force")
    } else if citing.is_empty() {
        format!(
            "no test cites requirement {number}: write one, or move it to `Not in force` with the reason"
        )
    } else if row.files == *citing {
        return None;
    } else {
        let files: Vec<_> = citing.iter().map(|path| format!("`{path}`")).collect();
        let files = files.join(", ");
        format!("the cell of requirement {number} lists the wrong test files; it must be: {files}")
    };
    Some(Finding::new(LIST, row.line, what))
}

fn out_of_order(rows: &[Row<'_>]) -> Vec<Finding> {
    let pairs = rows.iter().zip(rows.iter().skip(1));
    let wrong = pairs.filter(|(one, next)| one.in_force == next.in_force);
    wrong
        .filter(|(one, next)| one.number >= next.number)
        .map(|(_, next)| {
            let what = format!("requirement {} is out of order or a duplicate", next.number);
            Finding::new(LIST, next.line, what)
        })
        .collect()
}

/// Parses the rows: `| 5 | The requirement. | `path`, `path` |`.
fn rows(list: &str) -> Vec<Row<'_>> {
    let mut in_force = true;
    let mut rows = Vec::new();
    for (line, text) in numbered(list) {
        in_force &= !text.starts_with(NOT_IN_FORCE);
        let mut cells = text.split('|').skip(1).map(str::trim);
        let Some(number) = cells.next().and_then(|cell| cell.parse().ok()) else {
            continue;
        };
        let files = cells.nth(1).unwrap_or_default();
        rows.push(Row {
            number,
            line,
            files: files.split('`').skip(1).step_by(2).collect(),
            in_force,
        });
    }
    rows
}

/// Every citation in a test name: file, line, number.
fn tests(tree: &Tree) -> Vec<(&str, usize, u32)> {
    let rust = cited(tree, "rs", in_a_function);
    let playwright = cited(tree, "ts", in_a_title);
    rust.chain(playwright).collect()
}

fn cited<'a>(
    tree: &'a Tree,
    extension: &str,
    by: fn(&str) -> Vec<u32>,
) -> impl Iterator<Item = (&'a str, usize, u32)> {
    let files: Vec<_> = tree.texts_ending(&[extension]).collect();
    files.into_iter().flat_map(move |(path, text)| {
        numbered(text).flat_map(move |(at, line)| {
            let numbers = by(line).into_iter();
            numbers.map(move |number| (path, at, number))
        })
    })
}

/// The numbers after `fn security_`, up to the first part that is not a number.
fn in_a_function(line: &str) -> Vec<u32> {
    let Some((before, name)) = line.split_once("fn security_") else {
        return Vec::new();
    };
    if before.contains("//") || before.contains('"') {
        return Vec::new();
    }
    name.split('_')
        .map_while(|part| part.parse().ok())
        .collect()
}

/// The numbers before the colon of a Playwright title.
fn in_a_title(line: &str) -> Vec<u32> {
    let call = line.trim_start();
    let Some(title) = call.strip_prefix("test(") else {
        return Vec::new();
    };
    let title = title.trim_start_matches(['\'', '"', '`']);
    let Some((numbers, _)) = title.split_once(": ") else {
        return Vec::new();
    };
    let numbers: Option<Vec<u32>> = numbers.split(", ").map(|part| part.parse().ok()).collect();
    numbers.unwrap_or_default()
}

/// Every citation in a comment: file, line, number.
fn comments(tree: &Tree) -> impl Iterator<Item = (&str, usize, u32)> {
    let files = tree.texts_ending(&["rs", "ts"]);
    let lines =
        files.flat_map(|(path, text)| numbered(text).map(move |(at, line)| (path, at, line)));
    lines.filter_map(|(path, at, line)| {
        let (_, comment) = line.split_once("// ").or_else(|| line.split_once("//! "))?;
        let (_, cited) = comment.split_once("SECURITY ")?;
        let digits = cited
            .split(|letter: char| !letter.is_ascii_digit())
            .next()?;
        Some((path, at, digits.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST: &str = "crates/a/tests/a.rs";
    const SPEC: &str = "end2end/tests/a.spec.ts";

    fn found(rows: &str, rust: &str, playwright: &str) -> Vec<String> {
        let list = format!("# Requirements\n\n| # | what | tests |\n|---|---|---|\n{rows}\n");
        let tree = Tree::of(&[(LIST, &list), (TEST, rust), (SPEC, playwright)]);
        check(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_list_that_matches_the_tests_is_accepted() {
        let rows = "| 4 | One. | `crates/a/tests/a.rs` |\n\
        | 57 | Two. | `crates/a/tests/a.rs`, `end2end/tests/a.spec.ts` |\n\n\
        ## Not in force\n\n| 26 | Three. | there is none |";
        let rust = "fn security_04_57_one_of_2() {}\n// SECURITY 26: tested elsewhere\n";
        for title in ["'57: a'", "`57, 4: a ${b}`", "\"57: a\""] {
            let rows = if title.contains("4:") {
                rows.replacen("a.rs` |", "a.rs`, `end2end/tests/a.spec.ts` |", 1)
            } else {
                rows.to_owned()
            };
            let none: [String; 0] = [];
            assert_eq!(found(&rows, rust, &format!("  test({title}, …")), none);
        }
    }

    #[test]
    fn a_citation_of_an_unknown_requirement_is_found() {
        let rows = "| 4 | One. | `crates/a/tests/a.rs` |";
        let rust = "fn security_4_a() {}\nfn security_5_b() {}\n/// SECURITY 6: c\n";
        let findings = found(rows, rust, "test('7: d', …");
        let expected = [(TEST, 3, 6), (TEST, 2, 5), (SPEC, 1, 7)].map(|(path, line, number)| {
            format!("{path}:{line}: requirement {number} does not exist in {LIST}")
        });
        assert_eq!(findings, expected);
    }

    #[test]
    fn a_requirement_without_tests_or_with_wrong_files_is_found() {
        let rows =
            "| 4 | One. | `crates/b.rs` |\n| 5 | Two. | |\n\n## Not in force\n\n| 6 | Three. |";
        let findings = found(rows, "fn security_4_6_a() {}", "");
        assert_eq!(findings.len(), 3, "{findings:?}");
        assert!(findings[0].ends_with("it must be: `crates/a/tests/a.rs`"));
        assert!(findings[1].contains("no test cites requirement 5"));
        assert!(findings[2].contains("requirement 6 has tests"));
    }

    #[test]
    fn rows_out_of_order_and_duplicates_are_found() {
        let rows = "| 5 | One. | `crates/a/tests/a.rs` |\n| 5 | Two. | `crates/a/tests/a.rs` |";
        let findings = found(rows, "fn security_5_a() {}", "");
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].contains("out of order or a duplicate"));
    }

    #[test]
    fn text_that_only_resembles_a_citation_is_ignored() {
        for (rust, playwright) in [
            (
                "fn security_of_the_house() {}",
                "test('30 calls at once: one', …",
            ),
            ("// fn security_9_a() {}", "test('a: b', …"),
            ("\"fn security_9_a() {}\"", "expect('9: a')"),
        ] {
            let none: [String; 0] = [];
            assert_eq!(found("", rust, playwright), none);
        }
    }
}
