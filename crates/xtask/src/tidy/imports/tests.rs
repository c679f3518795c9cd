use super::*;

/// The imports of a crate that consists of these files, each as `from:line → to Name`.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| (format!("crates/a/src/{path}"), *text))
        .collect();
    let files: Vec<_> = files.iter().map(|(path, text)| (&**path, *text)).collect();
    let tree = Tree::of(&files);
    let inside = |path: &str| path.replace("crates/a/src/", "");
    let imports = imports(&tree).into_values().flatten();
    imports
        .map(|it| {
            format!(
                "{}:{} → {} {}",
                inside(&it.from),
                it.line,
                inside(&it.to),
                it.name
            )
        })
        .collect()
}

#[test]
fn all_ways_to_name_an_item_count_as_imports() {
    for (text, line) in [
        ("use crate::b::{x::Y, Z as W};", 1),
        ("\nuse super::b::Z;", 2),
        ("fn f(z: crate::b::Z) {}", 1),
        ("fn f() { m!(\n\ncrate::b::Z) }", 3),
        ("use crate::b;\nfn f() { b::Z::new() }", 2),
        ("use crate::b as d;\nfn f() { d::Z }", 2),
        ("mod inner { fn f() { super::super::b::Z } }", 1),
    ] {
        let found = found(&[("lib.rs", "mod b; mod c;"), ("b.rs", ""), ("c.rs", text)]);
        let expected = format!("c.rs:{line} → b.rs Z");
        assert!(found.contains(&expected), "{text}: {found:?}");
    }
    let all = found(&[("lib.rs", "mod c;"), ("c.rs", "use super::*;")]);
    assert_eq!(all, ["c.rs:1 → lib.rs *"]);
}

#[test]
fn a_name_is_followed_to_the_file_that_defines_it() {
    let found = found(&[
        ("lib.rs", "mod a;"),
        ("a.rs", "mod b; mod c; pub use b::B; use self::c as other;"),
        ("a/b.rs", "use super::other::C;"),
        ("a/c.rs", "use crate::a::B;"),
    ]);
    assert_eq!(found, ["a/b.rs:1 → a/c.rs C", "a/c.rs:1 → a/b.rs B"]);
}

#[test]
fn a_reexport_is_an_import_only_if_the_file_uses_the_name() {
    let child = ("b.rs", "pub struct B;");
    let of = |text| found(&[("lib.rs", text), child]);
    assert!(of("mod b; pub use b::B; fn f(it: It) { it.B }").is_empty());
    assert_eq!(
        of("mod b; pub use b::B; fn f(b: B) {}"),
        ["lib.rs:1 → b.rs B"]
    );
    assert_eq!(of("mod b; use b::B;"), ["lib.rs:1 → b.rs B"]);
}

#[test]
fn code_that_does_not_count_as_an_import_is_ignored() {
    for text in [
        "#[cfg(test)]\nuse crate::b::B;",
        "#[cfg(test)] mod tests { use super::b::B; }",
        "// use crate::b::B;\nconst S: &str = \"crate::b::B\";",
        "use std::b::B; use other::b::B; fn f() { <T as b::X>::b; T::b(); x.b() }",
        "use crate::b;",
        "use crate::c::own;",
        "fn f() -> impl Sized + use<> {}",
        "use one::two; use two::one; fn f() { one::x() }",
    ] {
        let found = found(&[("lib.rs", "mod b; mod c;"), ("b.rs", ""), ("c.rs", text)]);
        assert!(found.is_empty(), "{text}: {found:?}");
    }
}

#[test]
fn tests_and_a_binary_next_to_its_library_are_ignored() {
    let named = "use crate::b::B;";
    let files = [
        ("lib.rs", "mod b;"),
        ("main.rs", named),
        ("b/tests.rs", named),
        ("b.rs", ""),
    ];
    assert!(found(&files).is_empty());
    assert_eq!(found(&files[1..]), ["main.rs:1 → b.rs B"]);
}
