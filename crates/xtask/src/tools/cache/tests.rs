//! The cache folder by platform and environment.

use super::*;

fn base_of(chosen: Option<&str>, home: Option<&str>, macos: bool) -> Option<String> {
    let base = base(chosen.map(PathBuf::from), home.map(PathBuf::from), macos);
    base.map(|path| path.display().to_string())
}

#[test]
fn the_platform_decides_where_nothing_is_chosen() {
    assert_eq!(
        base_of(None, Some("/h"), false).as_deref(),
        Some("/h/.cache")
    );
    assert_eq!(
        base_of(None, Some("/h"), true).as_deref(),
        Some("/h/Library/Caches")
    );
}

#[test]
fn an_absolute_choice_wins_and_a_relative_one_is_ignored() {
    assert_eq!(base_of(Some("/c"), Some("/h"), true).as_deref(), Some("/c"));
    assert_eq!(
        base_of(Some("c"), Some("/h"), false).as_deref(),
        Some("/h/.cache")
    );
    assert_eq!(
        base_of(Some(""), Some("/h"), false).as_deref(),
        Some("/h/.cache")
    );
}

#[test]
fn without_a_home_there_is_no_place() {
    assert_eq!(base_of(None, None, false), None);
}
