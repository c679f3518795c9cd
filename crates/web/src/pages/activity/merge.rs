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
mod tests;
