use core::time::Duration;

use latchkey_core::Timestamp;

use super::{ROOM, Shelf};

const LIFE: Duration = Duration::from_mins(1);

#[test]
fn a_thing_is_taken_once_and_in_time() {
    let (start, end) = (Timestamp::from_secs(100), Timestamp::from_secs(160));
    let mut shelf = Shelf::default();
    shelf.put("a".to_owned(), 1, LIFE, start);
    shelf.put("b".to_owned(), 2, LIFE, start);
    assert_eq!(shelf.get("a", start), Some(&1));
    assert_eq!(shelf.take("a", start), Some(1));
    assert_eq!(shelf.take("a", start), None);
    assert_eq!(shelf.get("b", end), None);
    assert_eq!(shelf.take("b", end), None);
}

#[test]
fn the_oldest_gives_way() {
    let mut shelf = Shelf::default();
    let now = Timestamp::from_secs(100);
    for number in 0..=ROOM {
        shelf.put(number.to_string(), number, LIFE, now);
    }
    assert_eq!(shelf.things.len(), ROOM);
    assert_eq!(shelf.get("0", now), None);
    assert_eq!(shelf.get("1", now), Some(&1));
    shelf.put("new".to_owned(), 0, LIFE, now.plus(LIFE));
    assert_eq!(shelf.things.len(), 1, "what has expired is let go");
}
