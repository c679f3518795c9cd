//! Encodings of keys: the bytes that follow the prefix of the table.

use latchkey_core::{
    AuditPosition, Denied, FlowId, Identity, LinkHash, RecordClass, RecordPosition, SessionId,
    Timestamp, TokenId, UserId, Username,
};

use super::term::Term;

/// A key of a table.
pub trait Key: Sized {
    /// Appends the encoded key.
    fn write(&self, to: &mut Vec<u8>);

    /// Decodes a key; `None` if the bytes are not a valid key.
    fn read(bytes: &[u8]) -> Option<Self>;
}

/// A common prefix of keys of type `K`.
pub trait Prefix<K> {
    /// Appends the encoded prefix.
    fn write(&self, to: &mut Vec<u8>);
}

/// An email address as a lookup key: in lower case, and cut to the maximum length of an address
/// (RFC 5321 §4.5.3.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(Vec<u8>);

/// All terms that begin with this one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TermPrefix<'a>(pub(crate) &'a Term);

/// The sessions whose ids begin with this byte: 256 shards of about the same size.
#[derive(Clone, Copy, Debug)]
pub struct Shard(pub u8);

/// A time; the keys are sorted from the newest to the oldest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newest(pub Timestamp);

/// The encoded key of a record of any table, prefix included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordKey(pub Vec<u8>);

impl Email {
    /// The lookup key of this address.
    pub fn new(address: &str) -> Self {
        let end = address.len().min(254);
        Self(address.as_bytes()[..end].to_ascii_lowercase())
    }
}

/// The time is complemented, so that later times sort first.
impl Key for Newest {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&(u64::MAX - self.0.as_millis()).to_be_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let millis = u64::MAX - u64::from_be_bytes(bytes.try_into().ok()?);
        Some(Self(Timestamp::from_millis(millis)))
    }
}

macro_rules! key_of_id {
    ($($id:ident),*) => {$(
        impl Key for $id {
            fn write(&self, to: &mut Vec<u8>) {
                to.extend_from_slice(self.as_bytes());
            }

            fn read(bytes: &[u8]) -> Option<Self> {
                Some(Self::from_bytes(bytes.try_into().ok()?))
            }
        }
    )*};
}

key_of_id!(FlowId, SessionId, TokenId, UserId);

/// The key of a table with a single record.
impl Key for () {
    fn write(&self, _: &mut Vec<u8>) {}

    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.is_empty().then_some(())
    }
}

impl Key for String {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(self.as_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Self::from_utf8(bytes.to_vec()).ok()
    }
}

impl Key for Username {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(self.as_str().as_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(bytes).ok()?;
        text.parse()
            .ok()
            .filter(|name: &Self| name.as_str() == text)
    }
}

impl Key for LinkHash {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.0);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }
}

/// An issuer contains no NUL, so no two identities share a key.
impl Key for Identity {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(self.issuer.as_bytes());
        to.push(0);
        to.extend_from_slice(self.subject.as_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let nul = bytes.iter().position(|byte| *byte == 0)?;
        Some(Self {
            issuer: String::read(&bytes[..nul])?,
            subject: String::read(&bytes[nul + 1..])?,
        })
    }
}

impl Key for Denied {
    fn write(&self, to: &mut Vec<u8>) {
        let (kind, id): (u8, &[u8]) = match self {
            Self::Token(id) => (b't', id.as_bytes()),
            Self::Session(id) => (b's', id.as_bytes()),
            Self::User(id) => (b'u', id.as_bytes()),
            Self::Everyone => (b'e', &[]),
        };
        to.push(kind);
        to.extend_from_slice(id);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (b't', id) => Some(Self::Token(TokenId::read(id)?)),
            (b's', id) => Some(Self::Session(SessionId::read(id)?)),
            (b'u', id) => Some(Self::User(UserId::read(id)?)),
            (b'e', []) => Some(Self::Everyone),
            _ => None,
        }
    }
}

/// The sessions of a user are adjacent.
impl Key for (UserId, SessionId) {
    fn write(&self, to: &mut Vec<u8>) {
        Key::write(&self.0, to);
        Key::write(&self.1, to);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (user, session) = bytes.split_at_checked(16)?;
        Some((UserId::read(user)?, SessionId::read(session)?))
    }
}

impl Prefix<(UserId, SessionId)> for UserId {
    fn write(&self, to: &mut Vec<u8>) {
        Key::write(self, to);
    }
}

impl Prefix<SessionId> for Shard {
    fn write(&self, to: &mut Vec<u8>) {
        to.push(self.0);
    }
}

/// Timestamps are complemented, so the events of a user are sorted newest first.
impl Key for (UserId, AuditPosition) {
    fn write(&self, to: &mut Vec<u8>) {
        let (user, position) = self;
        Prefix::write(&(*user, position.at), to);
        to.push(u8::MAX - position.nth);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (user, position) = bytes.split_at_checked(16)?;
        let (millis, nth) = position.split_at_checked(8)?;
        let [nth] = nth else {
            return None;
        };
        let millis = u64::MAX - u64::from_be_bytes(millis.try_into().ok()?);
        let position = AuditPosition {
            at: Timestamp::from_millis(millis),
            nth: u8::MAX - nth,
        };
        Some((UserId::read(user)?, position))
    }
}

impl Prefix<(UserId, (RecordClass, RecordPosition))> for UserId {
    fn write(&self, to: &mut Vec<u8>) {
        Key::write(self, to);
    }
}

impl Prefix<(UserId, AuditPosition)> for UserId {
    fn write(&self, to: &mut Vec<u8>) {
        Key::write(self, to);
    }
}

/// The events of one millisecond.
impl Prefix<(UserId, AuditPosition)> for (UserId, Timestamp) {
    fn write(&self, to: &mut Vec<u8>) {
        Key::write(&self.0, to);
        to.extend_from_slice(&(u64::MAX - self.1.as_millis()).to_be_bytes());
    }
}

/// Timestamps are complemented, so the records of a class are sorted newest first.
impl Key for (RecordClass, RecordPosition) {
    fn write(&self, to: &mut Vec<u8>) {
        let (class, position) = self;
        Prefix::write(class, to);
        to.extend_from_slice(&(u64::MAX - position.at.as_millis()).to_be_bytes());
        to.extend_from_slice(&position.suffix.to_be_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (class, position) = bytes.split_first()?;
        let class = match class {
            b'a' => RecordClass::UserActs,
            b'o' => RecordClass::OperatorActs,
            b'r' => RecordClass::Refreshes,
            b'x' => RecordClass::Refusals,
            _ => return None,
        };
        let (millis, suffix) = position.split_at_checked(8)?;
        let millis = u64::MAX - u64::from_be_bytes(millis.try_into().ok()?);
        let position = RecordPosition {
            at: Timestamp::from_millis(millis),
            suffix: u64::from_be_bytes(suffix.try_into().ok()?),
        };
        Some((class, position))
    }
}

impl Prefix<(RecordClass, RecordPosition)> for RecordClass {
    fn write(&self, to: &mut Vec<u8>) {
        to.push(match self {
            Self::UserActs => b'a',
            Self::OperatorActs => b'o',
            Self::Refreshes => b'r',
            Self::Refusals => b'x',
        });
    }
}

/// A record of a user: the user's id, and the key of the record.
impl Key for (UserId, (RecordClass, RecordPosition)) {
    fn write(&self, to: &mut Vec<u8>) {
        Key::write(&self.0, to);
        Key::write(&self.1, to);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (user, record) = bytes.split_at_checked(16)?;
        Some((UserId::read(user)?, Key::read(record)?))
    }
}

impl Prefix<(UserId, (RecordClass, RecordPosition))> for (UserId, RecordClass) {
    fn write(&self, to: &mut Vec<u8>) {
        Key::write(&self.0, to);
        Prefix::write(&self.1, to);
    }
}

/// The counts of a server in an hour.
impl Key for (Timestamp, u64) {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.0.as_millis().to_be_bytes());
        to.extend_from_slice(&self.1.to_be_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (millis, server) = bytes.split_at_checked(8)?;
        let millis = u64::from_be_bytes(millis.try_into().ok()?);
        let server = u64::from_be_bytes(server.try_into().ok()?);
        Some((Timestamp::from_millis(millis), server))
    }
}

impl Key for (Email, UserId) {
    fn write(&self, to: &mut Vec<u8>) {
        Prefix::write(&self.0, to);
        Key::write(&self.1, to);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (email, id) = bytes.split_last_chunk::<16>()?;
        let (nul, email) = email.split_last()?;
        (*nul == 0).then(|| (Email(email.to_vec()), UserId::from_bytes(*id)))
    }
}

impl Prefix<(Email, UserId)> for Email {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.0);
        to.push(0);
    }
}

macro_rules! newest_first {
    ($($id:ident),*) => {$(
        impl Key for (Newest, $id) {
            fn write(&self, to: &mut Vec<u8>) {
                Key::write(&self.0, to);
                Key::write(&self.1, to);
            }

            fn read(bytes: &[u8]) -> Option<Self> {
                let (at, id) = bytes.split_at_checked(8)?;
                Some((Newest::read(at)?, $id::read(id)?))
            }
        }
    )*};
}

newest_first!(SessionId, UserId);

impl Key for (Term, Newest, UserId) {
    fn write(&self, to: &mut Vec<u8>) {
        Prefix::write(&self.0, to);
        Key::write(&(self.1, self.2), to);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (term, rest) = bytes.split_last_chunk::<24>()?;
        let (nul, term) = term.split_last()?;
        let (at, id) = <(Newest, UserId)>::read(rest)?;
        (*nul == 0).then(|| (Term(term.to_vec()), at, id))
    }
}

/// The users with exactly this term.
impl Prefix<(Term, Newest, UserId)> for Term {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.0);
        to.push(0);
    }
}

/// The users with a term that begins with this one.
impl Prefix<(Term, Newest, UserId)> for TermPrefix<'_> {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.0.0);
    }
}

/// An entry of the expiry index: the time at which to check whether the record has expired, and the
/// record's key.
impl Key for (Timestamp, RecordKey) {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.0.as_millis().to_be_bytes());
        to.extend_from_slice(&self.1.0);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (millis, record) = bytes.split_at_checked(8)?;
        let millis = u64::from_be_bytes(millis.try_into().ok()?);
        Some((Timestamp::from_millis(millis), RecordKey(record.to_vec())))
    }
}
