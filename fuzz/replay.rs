//! Replays a corpus in an ordinary test. The crates whose parsers are fuzzed include this file in
//! their tests.

use std::fs;
use std::path::Path;

/// Passes every file of a corpus to the parser. A file whose name begins with `accepted-` or
/// `refused-` must get that result. The fuzzer adds files with other names: for these, the parser
/// must not panic.
pub(super) fn replay(target: &str, parse: fn(&[u8]) -> bool) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let files = fs::read_dir(corpus.join(target)).expect("a corpus");
    let (mut counts, mut wrong) = ([0; 2], Vec::new());
    for file in files {
        let file = file.expect("a file");
        let name = file.file_name().to_string_lossy().into_owned();
        let accepted = parse(&fs::read(file.path()).expect("readable"));
        let expected = match name.split('-').next() {
            Some("accepted") => true,
            Some("refused") => false,
            _ => continue,
        };
        counts[usize::from(expected)] += 1;
        if accepted != expected {
            wrong.push(name);
        }
    }
    assert!(
        wrong.is_empty(),
        "{target}: the result is not the one in the name: {wrong:?}"
    );
    assert!(
        !counts.contains(&0),
        "{target}: the corpus needs refused and accepted files: {counts:?}"
    );
}
