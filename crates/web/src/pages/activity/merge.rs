//! The list that is shown, from what was fetched. Pure.

use latchkey_types::{Activity, ActivityList};

use crate::session::Account;

/// The page that follows the events that were shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OlderPage {
    /// Whose events these are.
    pub(super) account: Account,
    /// The cursor that it was asked for with.
    pub(super) cursor: String,
    /// Its events.
    pub(super) list: ActivityList,
}

/// The newest events, then those of `shown` that follow them, then those of `older` if they follow
/// next. Merging the same pages again changes nothing.
pub(super) fn merged(
    shown: Option<&ActivityList>,
    newest: &ActivityList,
    older: Option<OlderPage>,
) -> ActivityList {
    let mut merged = newest.clone();
    if let Some(shown) = shown {
        append_shown(&mut merged, shown);
    }
    if let Some(older) = older
        && merged.next.as_ref() == Some(&older.cursor)
    {
        merged.events.extend(older.list.events);
        merged.next = older.list.next;
    }
    merged
}

/// Appends what follows the last event in `shown`. If that event was not shown, more happened than
/// fits one page; what is between would be missing, so nothing of `shown` is kept.
fn append_shown(merged: &mut ActivityList, shown: &ActivityList) {
    let tail = tail_after(&merged.events, &shown.events);
    if !tail.is_empty() {
        merged.events.extend_from_slice(tail);
        merged.next.clone_from(&shown.next);
    }
}

/// What follows the last event of `newest` in `shown`. Several events of one second can be equal: as
/// many as `newest` ends with are skipped.
fn tail_after<'a>(newest: &[Activity], shown: &'a [Activity]) -> &'a [Activity] {
    let Some(last) = newest.last() else {
        return &[];
    };
    let Some(start) = shown.iter().position(|event| event == last) else {
        return &[];
    };
    let equal = |event: &&Activity| *event == last;
    let count = newest.iter().rev().take_while(equal).count();
    let skipped = shown[start..].iter().take(count).take_while(equal);
    &shown[start + skipped.count()..]
}

#[cfg(test)]
mod tests {
    use latchkey_types::ActivityKind;

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

    fn newer(shown: &ActivityList, newest: &ActivityList) -> ActivityList {
        merged(Some(shown), newest, None)
    }

    fn page(cursor: &str, list: ActivityList) -> OlderPage {
        OlderPage {
            account: None,
            cursor: cursor.to_owned(),
            list,
        }
    }

    #[test]
    fn new_events_come_first_and_shown_ones_stay() {
        let shown = list(&[7, 6, 5, 4, 3], Some("before 3"));
        let newest = list(&[9, 8, 7, 6], Some("before 6"));
        assert_eq!(
            newer(&shown, &newest),
            list(&[9, 8, 7, 6, 5, 4, 3], Some("before 3"))
        );
    }

    #[test]
    fn one_page_stays_one_page() {
        let newest = list(&[9, 8], None);
        assert_eq!(newer(&list(&[8], None), &newest), newest);
        assert_eq!(newer(&list(&[9, 8], Some("x")), &newest), newest);
    }

    #[test]
    fn list_that_has_become_empty_is_empty() {
        assert_eq!(
            newer(&list(&[1], Some("x")), &list(&[], None)),
            list(&[], None)
        );
    }

    #[test]
    fn no_gap_is_left_where_more_happened_than_fits_one_page() {
        let newest = list(&[9, 8], Some("before 8"));
        let shown = list(&[5, 4, 3], Some("before 3"));
        assert_eq!(newer(&shown, &newest), newest);
    }

    #[test]
    fn older_events_are_appended_once() {
        let newest = list(&[9, 8], Some("before 8"));
        let older = || Some(page("before 8", list(&[8, 7], Some("before 7"))));
        let all = list(&[9, 8, 8, 7], Some("before 7"));
        let shown = merged(Some(&newest), &newest, older());
        assert_eq!(shown, all);
        assert_eq!(merged(Some(&shown), &newest, older()), all);
    }

    #[test]
    fn page_that_was_asked_for_elsewhere_is_not_appended() {
        let newest = list(&[9, 8], Some("before 8"));
        let older = page("before 3", list(&[2, 1], None));
        assert_eq!(merged(None, &newest, Some(older)), newest);
    }
}
