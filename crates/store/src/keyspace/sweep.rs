//! Freeing what has expired.

use latchkey_core::audit::RETENTION;
use latchkey_core::{AuditEvent, Denial, LoginFlow, SealedSigningKey, Session, Timestamp};

use super::transaction::parse;
use super::{Transaction, View as _, key};
use crate::error::StoreError;
use crate::request::SESSION_KEPT;

/// Follows the expiry index. An entry can be stale, when its record was given a later end: then
/// only the entry goes.
pub(super) fn sweep(
    tx: &mut Transaction<'_>,
    now: Timestamp,
    limit: usize,
) -> Result<usize, StoreError> {
    let mut freed = 0;
    for (entry, _) in tx.scan(key::EXPIRIES, limit)? {
        let Some((at, record)) = key::expiry_named_by(&entry) else {
            continue;
        };
        if at > now {
            break;
        }
        let record = record.to_vec();
        tx.remove(entry);
        if let Some(bytes) = tx.get(&record)?
            && expires_at(&record, &bytes)?.is_some_and(|end| end <= now)
        {
            if record.first() == Some(&b's') {
                let session: Session = parse(&record, &bytes)?;
                tx.remove(key::session_origin(session.id));
                tx.remove(key::session_of(session.user, session.id));
            }
            tx.remove(record);
        }
        freed += 1;
    }
    Ok(freed)
}

/// When the record says that it ends.
fn expires_at(record: &[u8], bytes: &[u8]) -> Result<Option<Timestamp>, StoreError> {
    Ok(match record.first() {
        Some(b'a') => Some(parse::<AuditEvent>(record, bytes)?.at.plus(RETENTION)),
        Some(b'd') => Some(parse::<Denial>(record, bytes)?.until),
        Some(b'f') => Some(parse::<LoginFlow>(record, bytes)?.expires_at),
        Some(b's') => Some(
            parse::<Session>(record, bytes)?
                .absolute_end
                .plus(SESSION_KEPT),
        ),
        Some(b'k') => parse::<SealedSigningKey>(record, bytes)?.verifies_until,
        _ => None,
    })
}
