//! Keys as bytes: how an id, a moment or a pair of them is written behind the prefix of its table.

use latchkey_core::{
    AuditPosition, Denied, FlowId, Identity, SessionId, Timestamp, TokenId, UserId,
};

/// A key of a table.
pub trait Key: Sized {
    /// Appends the bytes of this key.
    fn write(&self, to: &mut Vec<u8>);

    /// Reads a key back; `None` if these bytes are not one.
    fn read(bytes: &[u8]) -> Option<Self>;
}

/// The beginning that some keys of type `K` have in common.
pub trait Prefix<K> {
    /// Appends the bytes of this beginning.
    fn write(&self, to: &mut Vec<u8>);
}

/// An email address to find accounts by. Upper and lower case are one. Of an address that is longer
/// than any can be (RFC 5321 §4.5.3.1.3) only the beginning counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(Vec<u8>);

/// Sessions by the first byte of their ids: 256 shards of about the same size.
#[derive(Clone, Copy, Debug)]
pub struct Shard(pub u8);

/// The bytes of some record's key, prefix included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordKey(pub Vec<u8>);

impl Email {
    /// Of this address.
    pub fn new(address: &str) -> Self {
        let end = address.len().min(254);
        Self(address.as_bytes()[..end].to_ascii_lowercase())
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

/// Issuers hold no NUL, so that no two identities share a key.
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

/// The sessions of a user lie side by side.
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

/// The events of a user lie newest first: moments count backwards.
impl Key for (UserId, AuditPosition) {
    fn write(&self, to: &mut Vec<u8>) {
        let (user, position) = self;
        Prefix::write(&(*user, position.at), to);
        to.push(u8::MAX - position.nth);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (user, position) = bytes.split_at_checked(16)?;
        let (moment, nth) = position.split_at_checked(8)?;
        let [nth] = nth else {
            return None;
        };
        let moment = u64::MAX - u64::from_be_bytes(moment.try_into().ok()?);
        let position = AuditPosition {
            at: Timestamp::from_millis(moment),
            nth: u8::MAX - nth,
        };
        Some((UserId::read(user)?, position))
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

/// At this moment, look at that record.
impl Key for (Timestamp, RecordKey) {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.0.as_millis().to_be_bytes());
        to.extend_from_slice(&self.1.0);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (moment, record) = bytes.split_at_checked(8)?;
        let moment = u64::from_be_bytes(moment.try_into().ok()?);
        Some((Timestamp::from_millis(moment), RecordKey(record.to_vec())))
    }
}
