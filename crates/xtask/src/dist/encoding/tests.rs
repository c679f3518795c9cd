//! What is compressed comes back.

use super::*;

#[test]
fn both_codings_give_back_what_they_took_and_make_it_smaller() {
    let plain = b"latchkey ".repeat(500);
    for encoding in Encoding::ALL {
        let compressed = encoding.compress(&plain).expect("compresses");
        assert!(
            compressed.len() < plain.len() / 10,
            "{encoding:?}: {}",
            compressed.len()
        );
        assert_eq!(encoding.decompress(&compressed).expect("is whole"), plain);
    }
}

#[test]
fn what_is_not_compressed_is_noticed() {
    for encoding in Encoding::ALL {
        assert!(
            encoding.decompress(b"<!doctype html>").is_err(),
            "{encoding:?}"
        );
    }
}
