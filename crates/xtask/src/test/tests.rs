//! Which parts run, and in which order.

use super::*;

#[test]
fn none_named_means_all_and_the_order_is_ours() {
    assert_eq!(chosen(&[]), Part::ALL);
    assert_eq!(chosen(&[Part::Dist]), [Part::Dist]);
    assert_eq!(
        chosen(&[Part::E2e, Part::Fmt, Part::E2e]),
        [Part::Fmt, Part::E2e]
    );
}

#[test]
fn every_part_is_known_by_its_name() {
    for part in Part::ALL {
        assert_eq!(Part::named(part.name()).expect("known"), part);
    }
    assert!(Part::named("all").is_err());
}
