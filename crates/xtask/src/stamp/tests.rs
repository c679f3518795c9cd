//! A stamp changes with what it covers, and with nothing else.

use super::*;

fn stamp(root: &Path) -> Stamp {
    Stamp::of(root, &["src", "lock"], &["release"]).expect("readable")
}

#[test]
fn it_follows_names_contents_and_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    fs::create_dir_all(root.join("src/deep")).expect("made");
    fs::write(root.join("src/deep/a"), "1").expect("written");
    let first = stamp(root);
    assert_eq!(stamp(root), first, "nothing changed");

    fs::write(root.join("elsewhere"), "x").expect("written");
    fs::create_dir(root.join("src/.stage")).expect("made");
    assert_eq!(stamp(root), first, "not an input");

    fs::write(root.join("src/deep/a"), "2").expect("written");
    let second = stamp(root);
    assert_ne!(second, first, "other contents");

    fs::rename(root.join("src/deep/a"), root.join("src/deep/b")).expect("renamed");
    assert_ne!(stamp(root), second, "another name");

    let quick = Stamp::of(root, &["src", "lock"], &["quick"]).expect("readable");
    assert_ne!(quick, stamp(root), "other settings");
}

#[test]
fn it_is_recorded_and_recognised() {
    let folder = tempfile::tempdir().expect("a folder");
    let record = folder.path().join("stamp");
    let stamp = stamp(folder.path());
    assert!(!stamp.is_recorded(&record));
    stamp.record(&record).expect("written");
    assert!(stamp.is_recorded(&record));
}
