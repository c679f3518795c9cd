//! The list of requirements and the tests that cite it.

use super::*;

const TEST: &str = "crates/a/tests/a.rs";
const SPEC: &str = "end2end/tests/a.spec.ts";

fn found(rows: &str, rust: &str, playwright: &str) -> Vec<String> {
    let list = format!("# Requirements\n\n| # | what | tests |\n|---|---|---|\n{rows}\n");
    let tree = Tree::of(&[(LIST, &list), (TEST, rust), (SPEC, playwright)]);
    check(&tree).iter().map(ToString::to_string).collect()
}

#[test]
fn a_list_that_agrees_with_the_tests_is_fine() {
    let rows = "| 4 | One. | `crates/a/tests/a.rs` |\n\
        | 57 | Two. | `crates/a/tests/a.rs`, `end2end/tests/a.spec.ts` |\n\n\
        ## Not in force\n\n| 26 | Three. | there is none |";
    let rust = "fn security_04_57_one_of_2() {}\n// SECURITY 26: said elsewhere\n";
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
fn a_number_that_there_is_not_is_found_where_it_is_cited() {
    let rows = "| 4 | One. | `crates/a/tests/a.rs` |";
    let rust = "fn security_4_a() {}\nfn security_5_b() {}\n/// SECURITY 6: c\n";
    let says = found(rows, rust, "test('7: d', …");
    let expected = [(TEST, 3, 6), (TEST, 2, 5), (SPEC, 1, 7)].map(|(path, line, number)| {
        format!("{path}:{line}: there is no requirement {number} in {LIST}")
    });
    assert_eq!(says, expected);
}

#[test]
fn a_requirement_without_a_test_or_with_other_ones_is_found() {
    let rows = "| 4 | One. | `crates/b.rs` |\n| 5 | Two. | |\n\n## Not in force\n\n| 6 | Three. |";
    let says = found(rows, "fn security_4_6_a() {}", "");
    assert_eq!(says.len(), 3, "{says:?}");
    assert!(says[0].ends_with("its cell is: `crates/a/tests/a.rs`"));
    assert!(says[1].contains("no test cites requirement 5"));
    assert!(says[2].contains("requirement 6 has tests"));
}

#[test]
fn rows_are_in_order_and_there_once() {
    let rows = "| 5 | One. | `crates/a/tests/a.rs` |\n| 5 | Two. | `crates/a/tests/a.rs` |";
    let says = found(rows, "fn security_5_a() {}", "");
    assert_eq!(says.len(), 1, "{says:?}");
    assert!(says[0].contains("out of order, or there twice"));
}

#[test]
fn what_only_looks_like_a_citation_is_none() {
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
