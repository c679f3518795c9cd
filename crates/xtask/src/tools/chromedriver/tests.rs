//! Which driver goes with which browser, and where a downloaded one lies.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

#[test]
fn driver_and_browser_agree_in_the_major_version() {
    assert!(fits("156.0.8078.73", "156.0.8100.1"));
    assert!(!fits("15.0.0.0", "156.0.8078.73"));
}

#[test]
fn a_downloaded_driver_is_found_in_its_folders() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(downloaded(folder.path()), None);
    let inner = folder
        .path()
        .join("chromedriver/linux-156.0.8078.73/chromedriver-linux64");
    fs::create_dir_all(&inner).expect("made");
    let driver = inner.join("chromedriver");
    fs::write(&driver, "").expect("written");
    assert_eq!(downloaded(folder.path()), None, "not a program yet");
    fs::set_permissions(&driver, fs::Permissions::from_mode(0o755)).expect("executable");
    assert_eq!(downloaded(folder.path()), Some(driver));
}
