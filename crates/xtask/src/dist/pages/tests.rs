//! What lies beside what.

use super::*;

#[test]
fn every_file_gets_its_compressed_forms_and_stale_ones_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let (dist, pages) = (folder.path().join("dist"), folder.path().join("pages"));
    fs::create_dir_all(dist.join("snippets")).expect("made");
    fs::create_dir_all(dist.join(".stage")).expect("made");
    fs::write(dist.join("index.html"), "<p>".repeat(100)).expect("written");
    fs::write(dist.join("snippets/a.js"), "1;".repeat(100)).expect("written");
    fs::write(dist.join("icon.png"), "png").expect("written");
    prepare(&dist, &pages).expect("prepared");
    for file in [
        "index.html",
        "index.html.br",
        "index.html.gz",
        "snippets/a.js.br",
        "icon.png",
    ] {
        assert!(pages.join(file).is_file(), "{file}");
    }
    assert!(!pages.join("icon.png.br").exists());
    assert!(!pages.join(".stage").exists());

    fs::remove_dir_all(dist.join("snippets")).expect("removed");
    prepare(&dist, &pages).expect("prepared again");
    assert!(!pages.join("snippets").exists());
}

#[test]
fn nothing_is_touched_when_nothing_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (dist, pages) = (folder.path().join("dist"), folder.path().join("pages"));
    fs::create_dir_all(&dist).expect("made");
    fs::write(dist.join("index.html"), "x").expect("written");
    prepare(&dist, &pages).expect("prepared");
    fs::write(pages.join("mark"), "").expect("written");
    prepare(&dist, &pages).expect("prepared again");
    assert!(pages.join("mark").exists(), "it was made anew");
}
