//! Versions, as browsers and drivers say them.

use super::*;

#[test]
fn the_version_is_found_among_the_words() {
    let chromium = "Chromium 156.0.8078.73 built on Debian GNU/Linux 12 (bookworm)";
    assert_eq!(version_in(chromium), Some("156.0.8078.73"));
    assert_eq!(
        version_in("Google Chrome 140.0.7339.80 "),
        Some("140.0.7339.80")
    );
    let driver = "ChromeDriver 156.0.8078.73 (abc-refs/branch-heads/8078@{#1})";
    assert_eq!(version_in(driver), Some("156.0.8078.73"));
    assert_eq!(version_in("command not found"), None);
}
