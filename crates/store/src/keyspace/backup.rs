//! Taking records out for a backup, and putting them back.

use latchkey_core::audit::RETENTION;
use latchkey_core::{AuditPosition, Denied, Session, SessionOrigin};

use super::transaction::{parse, record};
use super::{Pair, Transaction, View, denials, key, sessions, users};
use crate::backup::{ExportCursor, Record};
use crate::error::StoreError;

/// How many records make a page.
const PAGE: usize = 1000;
/// The kinds in the order of an export. Accounts come after sessions: one that is made meanwhile
/// must not be missing where a session names it. They come after denials, too: a cut-off without its
/// denial gets one when it is read back, a denial without its cut-off would refuse new sessions.
const KINDS: [&[u8]; 7] = [
    b"s",
    key::AUDIT,
    key::DENIALS,
    b"u",
    key::SIGNING_KEYS,
    key::EVERYONE,
    key::SWEPT,
];

/// A page of records, and where to go on.
pub(super) fn export(
    view: &dyn View,
    from: Option<&ExportCursor>,
) -> Result<(Vec<Record>, Option<ExportCursor>), StoreError> {
    let (kind, after) = from.map_or((0, None), |from| (from.kind, from.after.as_deref()));
    let Some(prefix) = KINDS.get(kind) else {
        return Ok((Vec::new(), None));
    };
    let pairs = view.page(prefix, after, PAGE)?;
    let next = if pairs.len() == PAGE {
        let after = pairs.last().map(|(key, _)| key.clone());
        Some(ExportCursor { kind, after })
    } else {
        let kind = kind + 1;
        (kind < KINDS.len()).then_some(ExportCursor { kind, after: None })
    };
    Ok((records(view, prefix, &pairs)?, next))
}

fn records(view: &dyn View, kind: &[u8], pairs: &[Pair]) -> Result<Vec<Record>, StoreError> {
    if kind == b"s" {
        return with_origins(view, pairs);
    }
    let record = |(key, bytes): &Pair| {
        Ok(match kind {
            b"u" => Record::User(parse(key, bytes)?),
            key::AUDIT => Record::Event {
                nth: key::position_named_by(key).map_or(0, |position| position.nth),
                event: parse(key, bytes)?,
            },
            key::DENIALS => Record::Denial(parse(key, bytes)?),
            key::SIGNING_KEYS => Record::SigningKey(parse(key, bytes)?),
            key::EVERYONE => Record::EveryoneEnded(parse(key, bytes)?),
            _ => Record::SweptUntil(parse(key, bytes)?),
        })
    };
    pairs.iter().map(record).collect()
}

fn with_origins(view: &dyn View, pairs: &[Pair]) -> Result<Vec<Record>, StoreError> {
    let sessions: Result<Vec<Session>, _> =
        pairs.iter().map(|(key, bytes)| parse(key, bytes)).collect();
    let sessions = sessions?;
    view.expect(sessions.iter().map(|s| key::session_origin(s.id)).collect());
    let mut all = Vec::with_capacity(sessions.len());
    for session in sessions {
        let origin: Option<SessionOrigin> = record(view, &key::session_origin(session.id))?;
        // Without one it was swept between two looks.
        all.extend(origin.map(|origin| Record::Session { session, origin }));
    }
    Ok(all)
}

/// Adds records, and what they are found by.
pub(super) fn import(tx: &mut Transaction<'_>, records: &[Record]) -> Result<(), StoreError> {
    let denied = records.iter().filter_map(|record| match record {
        Record::Denial(denial) => Some(denial.denied),
        Record::User(user) => user.cutoff.map(|_| Denied::User(user.id)),
        Record::EveryoneEnded(_) => Some(Denied::Everyone),
        _ => None,
    });
    denials::expect(tx, denied);
    records.iter().try_for_each(|record| add(tx, record))
}

fn add(tx: &mut Transaction<'_>, record: &Record) -> Result<(), StoreError> {
    match record {
        Record::Session { session, origin } => {
            let key = key::session(session.id);
            tx.mark(key::expiry(sessions::kept_until(session), &key));
            if session.status.is_live() {
                tx.mark(key::session_of(session.user, session.id));
            }
            tx.put(key::session_origin(session.id), origin)?;
            tx.put(key, session)
        }
        Record::User(user) => {
            if let Some(cutoff) = user.cutoff {
                denials::put(tx, &cutoff.denial(Denied::User(user.id)))?;
            }
            users::index(tx, user);
            tx.put(key::identity(&user.identity), &user.id)?;
            tx.put(key::user(user.id), user)
        }
        Record::Event { nth, event } => {
            let (at, nth) = (event.at, *nth);
            let key = key::audit_event(event.user, AuditPosition { at, nth });
            tx.mark(key::expiry(at.plus(RETENTION), &key));
            tx.put(key, event)
        }
        Record::Denial(denial) => denials::put(tx, denial),
        // Earlier versions wrote them; nobody can come back with their cookies any more.
        Record::LoginFlow(_) => Ok(()),
        Record::SigningKey(signing_key) => {
            let key = key::signing_key(&signing_key.kid);
            if let Some(until) = signing_key.verifies_until {
                tx.mark(key::expiry(until, &key));
            }
            tx.put(key, signing_key)
        }
        Record::EveryoneEnded(cutoff) => {
            denials::put(tx, &cutoff.denial(Denied::Everyone))?;
            tx.put(key::EVERYONE.to_vec(), cutoff)
        }
        Record::SweptUntil(moment) => tx.put(key::SWEPT.to_vec(), moment),
    }
}

/// Makes ready for records; `false` if there are some.
pub(super) fn begin_import(tx: &mut Transaction<'_>) -> Result<bool, StoreError> {
    for kind in &KINDS[..KINDS.len() - 1] {
        if !tx.scan(kind, 1)?.is_empty() {
            return Ok(false);
        }
    }
    tx.put(key::IMPORTING.to_vec(), &true)?;
    Ok(true)
}
