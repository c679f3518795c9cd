use super::{AuditPosition, InvalidPosition};
use crate::clock::Timestamp;

#[test]
fn a_cursor_is_read_back_and_nothing_else_is_one() {
    let position = AuditPosition {
        at: Timestamp::from_millis(1_800_000_000_123),
        nth: 7,
    };
    assert_eq!(position.to_string().parse(), Ok(position));
    for text in [
        "",
        "x",
        "AAAA",
        "AAAAAAAAAAAAA",
        "AAAAAAAAAAA=",
        "../../etc/passwd",
    ] {
        assert_eq!(
            text.parse::<AuditPosition>(),
            Err(InvalidPosition),
            "{text}"
        );
    }
}
