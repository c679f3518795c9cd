use latchkey_core::{AuditPosition, Device, Timestamp};

use super::{Entry, Kind, page};

fn entry(at: u64, nth: u8) -> Entry {
    Entry {
        position: AuditPosition {
            at: Timestamp::from_millis(at),
            nth,
        },
        kind: Kind::Refreshed,
        session: None,
        device: Device::default(),
        other_address: None,
    }
}

#[test]
fn entries_of_one_moment_stay_on_one_page() {
    let entries = vec![
        entry(1, 0),
        entry(3, 0),
        entry(2, 0),
        entry(2, 0),
        entry(2, 1),
    ];
    let cut = |limit| {
        let page = page(entries.clone(), limit);
        let next = page.next.map(|next| (next.at.as_millis(), next.nth));
        (page.entries.len(), next)
    };
    assert_eq!(cut(1), (1, Some((3, 0))));
    assert_eq!(cut(2), (2, Some((2, 1))));
    assert_eq!(cut(3), (4, Some((2, 0))));
    assert_eq!(cut(4), (4, Some((2, 0))));
    assert_eq!(cut(5), (5, None));
    assert_eq!(cut(9), (5, None));
    assert_eq!(page(Vec::new(), 5).next, None);
}
