//! The keys of all records. The first byte tells the kind; no two kinds share one.

use latchkey_core::{AuditPosition, Denied, FlowId, Identity, SessionId, Timestamp, UserId};

/// Everything from a moment on: the prefix of the expiry index.
pub const EXPIRIES: &[u8] = b"x";
/// The prefix of all denials.
pub const DENIALS: &[u8] = b"d";
/// The prefix of all security events.
pub const AUDIT: &[u8] = b"a";
/// The prefix of all signing keys.
pub const SIGNING_KEYS: &[u8] = b"k";

/// The id of this store, to tell it from another at the same address.
pub const STORE_ID: &[u8] = b"mid";
/// There while an import is under way.
pub const IMPORTING: &[u8] = b"mimporting";
/// The latest cut-off of everyone.
pub const EVERYONE: &[u8] = b"mcutoff";
/// There once every account is found by its address.
pub const EMAILS_INDEXED: &[u8] = b"memails";
/// The latest moment of a sweep.
pub const SWEPT: &[u8] = b"mswept";
/// The format of the records; written at the first start, checked at every other.
pub const FORMAT: &[u8] = b"mformat";

pub(super) fn user(id: UserId) -> Vec<u8> {
    join(b"u", &[id.as_bytes()])
}

/// Issuers hold no NUL, so no two identities share a key.
pub(super) fn identity(identity: &Identity) -> Vec<u8> {
    join(
        b"i",
        &[
            identity.issuer.as_bytes(),
            b"\0",
            identity.subject.as_bytes(),
        ],
    )
}

/// The accounts with an address, for an operator to find them by: upper and lower case are one.
/// Of an address that is longer than any can be (RFC 5321 §4.5.3.1.3) the beginning does.
pub(super) fn with_email(address: &str) -> Vec<u8> {
    let end = address.len().min(254);
    let address = address.as_bytes()[..end].to_ascii_lowercase();
    join(b"e", &[&address, b"\0"])
}

pub(super) fn email(address: &str, id: UserId) -> Vec<u8> {
    join(&with_email(address), &[id.as_bytes()])
}

/// The account that an entry under [`with_email`] names.
pub(super) fn user_named_by(entry: &[u8]) -> Option<UserId> {
    let (_, id) = entry.split_last_chunk()?;
    Some(UserId::from_bytes(*id))
}

pub(super) fn session(id: SessionId) -> Vec<u8> {
    join(b"s", &[id.as_bytes()])
}

pub(super) fn session_origin(id: SessionId) -> Vec<u8> {
    join(b"o", &[id.as_bytes()])
}

pub(super) fn session_of(user: UserId, id: SessionId) -> Vec<u8> {
    join(b"n", &[user.as_bytes(), id.as_bytes()])
}

pub(super) fn sessions_of(user: UserId) -> Vec<u8> {
    join(b"n", &[user.as_bytes()])
}

/// The session that an entry under [`sessions_of`] names.
pub(super) fn session_named_by(entry: &[u8]) -> Option<SessionId> {
    let id = entry.get(17..)?;
    Some(SessionId::from_bytes(id.try_into().ok()?))
}

/// Security events lie newest first: moments count backwards.
pub(super) fn audit_event(user: UserId, position: AuditPosition) -> Vec<u8> {
    let moment = (u64::MAX - position.at.as_millis()).to_be_bytes();
    let nth = [u8::MAX - position.nth];
    join(AUDIT, &[user.as_bytes(), &moment, &nth])
}

/// The events of one millisecond.
pub(super) fn audit_events_at(user: UserId, at: Timestamp) -> Vec<u8> {
    let mut key = audit_event(user, AuditPosition { at, nth: 0 });
    key.pop();
    key
}

pub(super) fn audit_events_of(user: UserId) -> Vec<u8> {
    join(AUDIT, &[user.as_bytes()])
}

/// The position that a key of [`audit_event`] names.
pub(super) fn position_named_by(key: &[u8]) -> Option<AuditPosition> {
    let moment = u64::from_be_bytes(key.get(17..25)?.try_into().ok()?);
    let [nth] = key.get(25..)? else {
        return None;
    };
    Some(AuditPosition {
        at: Timestamp::from_millis(u64::MAX - moment),
        nth: u8::MAX - nth,
    })
}

/// The account whose events a key of [`audit_event`] belongs to.
pub(crate) fn account_named_by(key: &[u8]) -> Option<[u8; 16]> {
    key.get(1..17)?.try_into().ok()
}

/// The group of keys that are read as a whole and decided by, which this key or prefix belongs
/// to, if there is one: a user's sessions, a user's events, the signing keys.
pub(crate) fn family(key: &[u8]) -> Option<&[u8]> {
    match key.first()? {
        b'a' | b'n' => key.get(..17),
        b'k' => key.get(..1),
        _ => None,
    }
}

/// Kind `f` is taken: earlier versions kept sign-ins under way there, until they expired.
pub(super) fn finished_flow(id: FlowId) -> Vec<u8> {
    join(b"g", &[id.as_bytes()])
}

pub(super) fn denial(denied: &Denied) -> Vec<u8> {
    match denied {
        Denied::Token(id) => join(DENIALS, &[b"t", id.as_bytes()]),
        Denied::Session(id) => join(DENIALS, &[b"s", id.as_bytes()]),
        Denied::User(id) => join(DENIALS, &[b"u", id.as_bytes()]),
        Denied::Everyone => join(DENIALS, &[b"e"]),
    }
}

pub(super) fn signing_key(kid: &str) -> Vec<u8> {
    join(SIGNING_KEYS, &[kid.as_bytes()])
}

/// The expiry index: at this moment, look at that record.
pub(super) fn expiry(at: Timestamp, record: &[u8]) -> Vec<u8> {
    join(EXPIRIES, &[&at.as_millis().to_be_bytes(), record])
}

/// The moment and the record that an entry of the expiry index names.
pub(super) fn expiry_named_by(entry: &[u8]) -> Option<(Timestamp, &[u8])> {
    let at = entry.get(1..9)?.try_into().ok()?;
    Some((
        Timestamp::from_millis(u64::from_be_bytes(at)),
        entry.get(9..)?,
    ))
}

/// A key as a person can read it.
pub fn readable(key: &[u8]) -> String {
    key.escape_ascii().to_string()
}

fn join(kind: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut key = kind.to_vec();
    for part in parts {
        key.extend_from_slice(part);
    }
    key
}
