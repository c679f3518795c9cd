//! Fresh events in front of those that are shown. Pure.

use latchkey_types::ActivityList;

/// The latest events, then those of `known` that are older than any of them.
pub(super) fn newer(known: &ActivityList, fresh: ActivityList) -> ActivityList {
    let Some(oldest) = fresh.events.last().map(|event| event.at) else {
        return fresh;
    };
    let mut merged = fresh;
    let before = merged.events.len();
    let older = known.events.iter().filter(|event| event.at < oldest);
    merged.events.extend(older.cloned());
    if merged.events.len() > before {
        merged.next.clone_from(&known.next);
    }
    merged
}

#[cfg(test)]
mod tests {
    use latchkey_types::{Activity, ActivityKind};

    use super::*;

    fn list(moments: &[u64], next: Option<&str>) -> ActivityList {
        let events = moments.iter().map(|at| Activity {
            at: *at,
            kind: ActivityKind::SignedIn,
            session_id: None,
            browser: None,
            system: None,
            address: None,
            other_address: None,
        });
        ActivityList {
            events: events.collect(),
            next: next.map(str::to_owned),
        }
    }

    #[test]
    fn what_is_new_comes_first_and_what_was_shown_stays() {
        let known = list(&[7, 6, 5, 4, 3], Some("before 3"));
        let fresh = list(&[9, 8, 7, 6], Some("before 6"));
        assert_eq!(
            newer(&known, fresh),
            list(&[9, 8, 7, 6, 5, 4, 3], Some("before 3"))
        );
    }

    #[test]
    fn one_page_stays_one_page() {
        let fresh = list(&[9, 8], None);
        assert_eq!(newer(&list(&[8], None), fresh.clone()), fresh);
        assert_eq!(newer(&list(&[8, 9], Some("x")), fresh.clone()), fresh);
    }

    #[test]
    fn a_list_that_has_become_empty_is_empty() {
        assert_eq!(
            newer(&list(&[1], Some("x")), list(&[], None)),
            list(&[], None)
        );
    }
}
