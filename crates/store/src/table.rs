//! The tables: which bytes are the key of which record. Nothing else knows a key byte; the SQL and
//! the Lua of the databases are generated from this or compared with it by a test.
//!
//! All tables lie in one ordered keyspace, told apart by the first bytes of the key, so that a
//! change to several of them is one change. Values are JSON; those of an index are empty. What is
//! stored under a prefix never changes: data directories and backups outlive versions.
//!
//! ```
//! use latchkey_core::SessionId;
//! use latchkey_store::table::{SESSIONS, kind_of};
//!
//! let key = SESSIONS.key(&SessionId::from_bytes([7; 16]));
//! assert_eq!(key[0], b's');
//! assert_eq!(kind_of(&key).map(|kind| kind.name), Some("sessions"));
//! ```

mod key;

use core::marker::PhantomData;

use latchkey_core::{
    AuditEvent, AuditPosition, Cutoff, Denial, Denied, FlowId, Identity, SealedSigningKey, Session,
    SessionId, SessionOrigin, StoreId, Timestamp, User, UserId,
};

use crate::backup::PastLoginFlow;
use crate::error::StoreError;
use crate::records::{Page, Read};

pub use key::{Email, Key, Prefix, RecordKey, Shard};

/// The accounts.
pub const USERS: Table<UserId, User> = Table::new("users", b"u");
/// Which account a provider's subject leads to.
pub const IDENTITIES: Table<Identity, UserId> = Table::new("identities", b"i");
/// The accounts by their email addresses, for an operator to find them by.
pub const USERS_BY_EMAIL: Table<(Email, UserId), ()> = Table::index("users_by_email", b"e");
/// The sessions, live or ended.
pub const SESSIONS: Table<SessionId, Session> = Table::new("sessions", b"s");
/// Where sessions come from.
pub const SESSION_ORIGINS: Table<SessionId, SessionOrigin> = Table::new("session_origins", b"o");
/// The sessions of each account that may be live.
pub const SESSIONS_OF_USER: Table<(UserId, SessionId), ()> =
    Table::index("sessions_of_user", b"n").grouped(Group::User);
/// The security events, newest first.
pub const AUDIT_EVENTS: Table<(UserId, AuditPosition), AuditEvent> =
    Table::new("audit_events", b"a").grouped(Group::User);
/// The denials.
pub const DENIALS: Table<Denied, Denial> = Table::new("denials", b"d");
/// The signing keys by their `kid`, sealed.
pub const SIGNING_KEYS: Table<String, SealedSigningKey> =
    Table::new("signing_keys", b"k").grouped(Group::Table);
/// The sign-ins that are finished, and until when that is kept.
pub const FINISHED_FLOWS: Table<FlowId, Timestamp> = Table::new("finished_flows", b"g");
/// The sign-ins under way that earlier versions stored. Nothing is added any more.
pub const PAST_FLOWS: Table<FlowId, PastLoginFlow> = Table::new("past_flows", b"f");
/// At which moment to look whether a record has expired. An entry may be stale.
pub const EXPIRIES: Table<(Timestamp, RecordKey), ()> = Table::index("expiries", b"x");

/// The id of this store, to tell it from another one at the same address.
pub const STORE_ID: Table<(), StoreId> = Table::new("store_id", b"mid");
/// There while an import is under way.
pub const IMPORTING: Table<(), bool> = Table::new("importing", b"mimporting");
/// The latest cut-off of everyone.
pub const EVERYONE: Table<(), Cutoff> = Table::new("everyone", b"mcutoff");
/// There once every account is in [`USERS_BY_EMAIL`].
pub const EMAILS_INDEXED: Table<(), bool> = Table::new("emails_indexed", b"memails");
/// The latest moment that a sweep took for the present.
pub const SWEPT_UNTIL: Table<(), Timestamp> = Table::new("swept_until", b"mswept");

/// The format of the records, in raw bytes; `store-sled` writes it at the first start.
pub const FORMAT: &[u8] = b"mformat";
/// How many groups of changes `store-sled` has made, in raw bytes.
pub const SLED_COMMITS: &[u8] = b"mcommits";
/// Which denials `store-sled` must find at its start, in raw bytes.
pub const SLED_LEDGER: &[u8] = b"mdenials";

/// Every table.
pub const KINDS: [Kind; 17] = [
    USERS.kind,
    IDENTITIES.kind,
    USERS_BY_EMAIL.kind,
    SESSIONS.kind,
    SESSION_ORIGINS.kind,
    SESSIONS_OF_USER.kind,
    AUDIT_EVENTS.kind,
    DENIALS.kind,
    SIGNING_KEYS.kind,
    FINISHED_FLOWS.kind,
    PAST_FLOWS.kind,
    EXPIRIES.kind,
    STORE_ID.kind,
    IMPORTING.kind,
    EVERYONE.kind,
    EMAILS_INDEXED.kind,
    SWEPT_UNTIL.kind,
];

/// Records of type `V` under keys of type `K`.
#[derive(Debug)]
pub struct Table<K, V> {
    kind: Kind,
    types: PhantomData<fn(K) -> V>,
}

/// What a table is like, whatever its records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// How its keys begin.
    pub prefix: &'static [u8],
    /// Whether the key says it all and the value is empty.
    pub is_index: bool,
    group: Group,
}

/// Keys that are read as a whole and decided by, so that an addition to them is a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    /// Each key stands alone.
    None,
    /// Those of one user, whose id comes first.
    User,
    /// The whole table.
    Table,
}

/// A value of a table.
pub trait Value: Sized {
    /// As bytes.
    fn encode(&self) -> Result<Vec<u8>, serde_json::Error>;

    /// From bytes.
    fn decode(bytes: &[u8]) -> Result<Self, serde_json::Error>;
}

/// Keys and records of a table, in the order of their keys.
#[derive(Debug)]
pub struct Range<K, V> {
    table: Table<K, V>,
    page: Page,
}

impl<K, V> Table<K, V> {
    const fn new(name: &'static str, prefix: &'static [u8]) -> Self {
        Self {
            kind: Kind {
                name,
                prefix,
                is_index: false,
                group: Group::None,
            },
            types: PhantomData,
        }
    }

    const fn grouped(mut self, group: Group) -> Self {
        self.kind.group = group;
        self
    }

    /// What it is like.
    pub const fn kind(self) -> Kind {
        self.kind
    }
}

impl<K> Table<K, ()> {
    const fn index(name: &'static str, prefix: &'static [u8]) -> Self {
        let mut table = Self::new(name, prefix);
        table.kind.is_index = true;
        table
    }
}

impl<K: Key, V: Value> Table<K, V> {
    /// The bytes of this key.
    pub fn key(self, key: &K) -> Vec<u8> {
        let mut bytes = self.kind.prefix.to_vec();
        key.write(&mut bytes);
        bytes
    }

    /// The key that these bytes are, if they are one of this table.
    pub fn key_of(self, bytes: &[u8]) -> Option<K> {
        K::read(bytes.strip_prefix(self.kind.prefix)?)
    }

    /// The read of the record under this key.
    pub fn at(self, key: &K) -> Read {
        Read::Value(self.key(key))
    }

    /// The record that these bytes are the value of.
    pub fn decode(self, key: &[u8], value: &[u8]) -> Result<V, StoreError> {
        V::decode(value).map_err(|error| corrupt(key, &error))
    }

    /// The bytes of this record under the key.
    pub fn encode(self, key: &[u8], value: &V) -> Result<Vec<u8>, StoreError> {
        value.encode().map_err(|error| corrupt(key, &error))
    }

    /// All of it.
    pub fn all(self) -> Range<K, V> {
        let page = Page {
            prefix: self.kind.prefix.to_vec(),
            after: None,
            limit: usize::MAX,
        };
        Range { table: self, page }
    }

    /// What has keys that begin so.
    pub fn under(self, prefix: &impl Prefix<K>) -> Range<K, V> {
        let mut range = self.all();
        prefix.write(&mut range.page.prefix);
        range
    }
}

impl<K: Key, V: Value> Range<K, V> {
    /// No more than so many.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.page.limit = limit;
        self
    }

    /// What comes after these bytes of a key.
    #[must_use]
    pub fn after(mut self, key: Option<Vec<u8>>) -> Self {
        self.page.after = key;
        self
    }

    /// Its table.
    pub fn table(&self) -> Table<K, V> {
        self.table
    }

    /// The read of it.
    pub fn read(&self) -> Read {
        Read::Page(self.page.clone())
    }
}

impl Kind {
    /// Whether a key of this table begins so.
    pub fn holds(&self, key: &[u8]) -> bool {
        key.starts_with(self.prefix)
    }
}

/// The table that a key, or the beginning of one, belongs to.
pub fn kind_of(key: &[u8]) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.holds(key))
}

/// The group of keys that are read as a whole and decided by, which this key or prefix belongs to,
/// if there is one: a user's sessions, a user's events, the signing keys.
pub fn conflict_group(key: &[u8]) -> Option<&[u8]> {
    let kind = kind_of(key)?;
    let length = kind.prefix.len();
    match kind.group {
        Group::None => None,
        Group::User => key.get(..length + 16),
        Group::Table => key.get(..length),
    }
}

/// A key as a person can read it.
pub fn readable(key: &[u8]) -> String {
    key.escape_ascii().to_string()
}

/// The error of a record that cannot be read. Its text quotes no value: only where it is wrong.
pub(crate) fn corrupt(key: &[u8], error: &serde_json::Error) -> StoreError {
    let reason = format!("{:?} error at column {}", error.classify(), error.column());
    StoreError::Corrupt {
        key: readable(key),
        reason,
    }
}

impl<K, V> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Table<K, V> {}

impl<K, V> Clone for Range<K, V> {
    fn clone(&self) -> Self {
        Self {
            table: self.table,
            page: self.page.clone(),
        }
    }
}

/// The value of an index.
impl Value for () {
    fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        Ok(Vec::new())
    }

    fn decode(_: &[u8]) -> Result<Self, serde_json::Error> {
        Ok(())
    }
}

macro_rules! json {
    ($($value:ty),* $(,)?) => {$(
        impl Value for $value {
            fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
                serde_json::to_vec(self)
            }

            fn decode(bytes: &[u8]) -> Result<Self, serde_json::Error> {
                serde_json::from_slice(bytes)
            }
        }
    )*};
}

json!(
    AuditEvent,
    Cutoff,
    Denial,
    PastLoginFlow,
    SealedSigningKey,
    Session,
    SessionOrigin,
    StoreId,
    Timestamp,
    User,
    UserId,
    bool,
);

#[cfg(test)]
mod tests;
