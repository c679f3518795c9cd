//! What is added to what.

use super::*;

#[test]
fn files_are_counted_once_with_their_brotli_form() {
    let folder = tempfile::tempdir().expect("a folder");
    let pages = folder.path().join("pages");
    fs::create_dir_all(pages.join("snippets")).expect("made");
    for (name, length) in [
        ("a_bg.wasm", 1000),
        ("a_bg.wasm.br", 400),
        ("a_bg.wasm.gz", 500),
        ("a.js", 100),
        ("a.js.br", 30),
        ("snippets/b.js", 50),
        ("snippets/b.js.br", 20),
        ("icon.png", 7),
    ] {
        fs::write(pages.join(name), vec![0; length]).expect("written");
    }
    let program = folder.path().join("latchkey");
    fs::write(&program, vec![0; 5000]).expect("written");
    let sizes = Sizes::of(&Dist { program, pages }).expect("readable");
    assert_eq!(sizes.program, 5000);
    assert_eq!(
        sizes.wasm,
        Bytes {
            plain: 1000,
            brotli: 400
        }
    );
    assert_eq!(
        sizes.js,
        Bytes {
            plain: 150,
            brotli: 50
        }
    );
    assert_eq!(
        sizes.all,
        Bytes {
            plain: 1157,
            brotli: 457
        }
    );
}

#[test]
fn sizes_are_told_in_thousands() {
    assert_eq!(kilobytes(100_349), "100.3 KB");
}
