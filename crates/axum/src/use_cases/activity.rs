//! The user's account activity, newest first.

use core::cmp::Reverse;

use latchkey_core::{AuditEvent, AuditKind, AuditPosition, Device, SessionId, UserId};
use latchkey_store::{LiveSession, StoreError};

use crate::services::Services;

/// One entry of the activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The time, and the position for paging.
    pub position: AuditPosition,
    /// What happened.
    pub kind: Kind,
    /// The session, if the entry is about one.
    pub session: Option<SessionId>,
    /// The device that caused it.
    pub device: Device,
    /// For a replay: the address from which the session was opened.
    pub other_address: Option<String>,
}

/// The kind of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A recorded event.
    Audited(AuditKind),
    /// The latest refresh of a live session, from the session's record. Refreshes are not recorded
    /// as events, so that a refresh writes only one record.
    Refreshed,
}

/// A page of the activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The entries, newest first.
    pub entries: Vec<Entry>,
    /// The cursor for the next page, which contains the entries before this position. `None` on the
    /// last page.
    pub next: Option<AuditPosition>,
}

/// Lists about `limit` entries before this position, or the newest entries if `before` is `None`.
pub async fn list(
    state: &Services,
    user: UserId,
    before: Option<AuditPosition>,
    limit: usize,
) -> Result<Page, StoreError> {
    let now = state.clock.now();
    // Two more than `limit`: the last entry of a page and the next one can have the same position and
    // must then be on the same page; and a further entry shows that there is another page.
    let events = state
        .store
        .audit_events(user, before, limit + 2, now)
        .await?;
    let sessions = state.store.live_sessions(user, now).await?;
    let refreshes = sessions
        .into_iter()
        .filter_map(refreshed)
        .filter(|entry| before.is_none_or(|before| entry.position < before));
    Ok(page(
        events.into_iter().map(audited).chain(refreshes).collect(),
        limit,
    ))
}

/// Returns the first page. Entries with the same position stay on one page, because a cursor cannot
/// distinguish them.
fn page(mut entries: Vec<Entry>, limit: usize) -> Page {
    entries.sort_by_key(|entry| Reverse(entry.position));
    let mut end = limit.min(entries.len());
    while end > 0 && end < entries.len() && entries[end].position == entries[end - 1].position {
        end += 1;
    }
    let more = end < entries.len();
    entries.truncate(end);
    let next = entries.last().filter(|_| more).map(|last| last.position);
    Page { entries, next }
}

fn audited((position, event): (AuditPosition, AuditEvent)) -> Entry {
    Entry {
        position,
        kind: Kind::Audited(event.kind),
        session: event.session,
        device: event.device,
        other_address: event.other_address,
    }
}

/// The latest refresh of a session, if there was one. Its user agent is the one recorded at
/// sign-in; its IP address is not recorded.
fn refreshed(live: LiveSession) -> Option<Entry> {
    let session = live.session;
    (session.rotated_at > session.opened_at).then_some(Entry {
        position: AuditPosition {
            at: session.rotated_at,
            nth: 0,
        },
        kind: Kind::Refreshed,
        session: Some(session.id),
        device: Device {
            user_agent: live.origin.user_agent,
            address: None,
            request_id: None,
        },
        other_address: None,
    })
}

#[cfg(test)]
mod tests {
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
    fn entries_with_the_same_position_stay_on_one_page() {
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
}
