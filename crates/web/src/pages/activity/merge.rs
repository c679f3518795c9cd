//! Merges the fetched events into the list that is shown. Pure.

use latchkey_types::{Activity, ActivityList};

use crate::session::Account;

/// A page of events that are older than the ones shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OlderPage {
    /// The account whose events these are.
    pub(super) account: Account,
    /// The cursor of the request.
    pub(super) cursor: String,
    /// The events.
    pub(super) list: ActivityList,
}

/// The newest events, then the events of `shown` that follow them, then the events of `older` if they
/// follow those. Merging the same pages again changes nothing.
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

/// Appends the events that follow the last merged event in `shown`. If `shown` does not contain that
/// event, the events in between are missing, so the events of `shown` are dropped.
fn append_shown(merged: &mut ActivityList, shown: &ActivityList) {
    let tail = tail_after(&merged.events, &shown.events);
    if !tail.is_empty() {
        merged.events.extend_from_slice(tail);
        merged.next.clone_from(&shown.next);
    }
}

/// The events of `shown` that follow the last event of `newest`. Events of the same second can be
/// equal: if `newest` ends with several equal events, the same number is skipped in `shown`.
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

    fn list(times: &[u64], next: Option<&str>) -> ActivityList {
        let events = times.iter().map(|at| Activity {
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

    fn with_newest(shown: &ActivityList, newest: &ActivityList) -> ActivityList {
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
    fn new_events_come_first_and_shown_events_stay() {
        let shown = list(&[7, 6, 5, 4, 3], Some("before 3"));
        let newest = list(&[9, 8, 7, 6], Some("before 6"));
        assert_eq!(
            with_newest(&shown, &newest),
            list(&[9, 8, 7, 6, 5, 4, 3], Some("before 3"))
        );
    }

    #[test]
    fn single_page_gains_no_events() {
        let newest = list(&[9, 8], None);
        assert_eq!(with_newest(&list(&[8], None), &newest), newest);
        assert_eq!(with_newest(&list(&[9, 8], Some("x")), &newest), newest);
    }

    #[test]
    fn empty_newest_page_empties_the_list() {
        assert_eq!(
            with_newest(&list(&[1], Some("x")), &list(&[], None)),
            list(&[], None)
        );
    }

    #[test]
    fn shown_events_are_dropped_if_events_in_between_are_missing() {
        let newest = list(&[9, 8], Some("before 8"));
        let shown = list(&[5, 4, 3], Some("before 3"));
        assert_eq!(with_newest(&shown, &newest), newest);
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
    fn page_requested_with_another_cursor_is_not_appended() {
        let newest = list(&[9, 8], Some("before 8"));
        let older = page("before 3", list(&[2, 1], None));
        assert_eq!(merged(None, &newest, Some(older)), newest);
    }
}
