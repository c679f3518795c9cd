//! Node's version, as it says it.

use super::*;

#[test]
fn the_major_version_is_read() {
    assert_eq!(major("v20.20.2\n"), Some(20));
    assert_eq!(major("v8.0.0"), Some(8));
    assert_eq!(major("20"), None);
    assert_eq!(major(""), None);
}
