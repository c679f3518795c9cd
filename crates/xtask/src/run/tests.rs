//! Flags that a person gives replace ours.

use super::*;

#[test]
fn a_flag_is_recognised_in_both_forms() {
    let flags = [
        "--listen=0.0.0.0:1".to_owned(),
        "--data-dir".to_owned(),
        "x".to_owned(),
    ];
    assert!(is_given(&flags, "--listen"));
    assert!(is_given(&flags, "--data-dir"));
    assert!(!is_given(&flags, "--data"));
    assert!(!is_given(&flags, "--web-dir"));
}
