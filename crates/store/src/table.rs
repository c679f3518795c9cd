//! The tables: how the keys of records are encoded. No other code contains key bytes, except the
//! SQL and Lua, which are generated from this file or compared with it by a test.
//!
//! All tables share one ordered keyspace, so one change can span several tables. Each table has its
//! own key prefix. Values are JSON; the values of an index are empty. The meaning of a prefix never
//! changes: data directories and backups outlive versions.
//!
//! ```
//! use latchkey_core::SessionId;
//! use latchkey_store::table::{SESSIONS, table_of};
//!
//! let key = SESSIONS.key(&SessionId::from_bytes([7; 16]));
//! assert_eq!(key[0], b's');
//! assert_eq!(table_of(&key).map(|table| table.name), Some("sessions"));
//! ```

mod key;
mod term;
mod value;

use core::marker::PhantomData;

use latchkey_core::{
    AuditEvent, AuditPosition, AuditRecord, Credential, Cutoff, Denial, Denied, FlowId, HourCounts,
    Identity, LinkHash, OneTimeLink, RecordClass, RecordPosition, SealedSigningKey, Session,
    SessionId, SessionOrigin, StoreId, Timestamp, User, UserId, Username,
};

use crate::backup::PastLoginFlow;
use crate::error::StoreError;
use crate::records::{Page, Read};

pub(crate) use key::TermPrefix;
pub use key::{Email, Key, Newest, Prefix, RecordKey, Shard};
pub use term::Term;
pub use value::Value;

/// Users by id.
pub const USERS: Table<UserId, User> = Table::new("users", b"u");
/// User ids by identity (issuer and subject).
pub const IDENTITIES: Table<Identity, UserId> = Table::new("identities", b"i");
/// Index of users by email address.
pub const USERS_BY_EMAIL: Table<(Email, UserId), ()> = Table::index("users_by_email", b"e");
/// Credentials of local accounts by username. Also reserves the usernames.
pub const CREDENTIALS: Table<Username, Credential> = Table::new("credentials", b"p");
/// One-time links by the hash of their token.
pub const ONE_TIME_LINKS: Table<LinkHash, OneTimeLink> = Table::new("one_time_links", b"l");
/// Index of all users, newest first.
pub const USERS_BY_CREATED: Table<(Newest, UserId), ()> = Table::index("users_by_created", b"c");
/// Index of users by search term, newest first for each term.
pub const USER_SEARCH: Table<(Term, Newest, UserId), ()> = Table::index("user_search", b"t");
/// Sessions by id, live or ended.
pub const SESSIONS: Table<SessionId, Session> = Table::new("sessions", b"s");
/// Where sessions were opened, by session id.
pub const SESSION_ORIGINS: Table<SessionId, SessionOrigin> = Table::new("session_origins", b"o");
/// Index, by user, of the sessions that may be live.
pub const SESSIONS_OF_USER: Table<(UserId, SessionId), ()> =
    Table::index("sessions_of_user", b"n").grouped(Group::User);
/// Index of the sessions of all users that may be live, newest first.
pub const SESSIONS_BY_OPENED: Table<(Newest, SessionId), ()> =
    Table::index("sessions_by_opened", b"w");
/// Index, by user, of the ended sessions whose records are still stored. The deletion of a user finds
/// them here. Earlier versions did not write it.
pub const ENDED_SESSIONS_OF_USER: Table<(UserId, SessionId), ()> =
    Table::index("ended_sessions_of_user", b"q").grouped(Group::User);
/// Users whose records are being deleted, with the time at which the deletion began.
pub const DELETIONS: Table<UserId, Timestamp> = Table::new("deletions", b"z");
/// Security events of each user, newest first.
pub const AUDIT_EVENTS: Table<(UserId, AuditPosition), AuditEvent> =
    Table::new("audit_events", b"a").grouped(Group::User);
/// The audit log, in classes, newest first.
pub const AUDIT_LOG: Table<(RecordClass, RecordPosition), AuditRecord> =
    Table::new("audit_log", b"r");
/// Index of the audit records of each user.
pub const AUDIT_LOG_OF_USER: Table<(UserId, (RecordClass, RecordPosition)), ()> =
    Table::index("audit_log_of_user", b"y");
/// Hourly counts of each server. A server is identified by a number that it chooses at its start,
/// so no two servers write to one record.
pub const HOURS: Table<(Timestamp, u64), HourCounts> = Table::new("hours", b"h");
/// The denylist.
pub const DENIALS: Table<Denied, Denial> = Table::new("denials", b"d");
/// Sealed signing keys by `kid`.
pub const SIGNING_KEYS: Table<String, SealedSigningKey> =
    Table::new("signing_keys", b"k").grouped(Group::Table);
/// Finished login flows, with the time until which each record is retained.
pub const FINISHED_FLOWS: Table<FlowId, Timestamp> = Table::new("finished_flows", b"g");
/// Login flows in progress that earlier versions stored. This version adds none.
pub const PAST_FLOWS: Table<FlowId, PastLoginFlow> = Table::new("past_flows", b"f");
/// Index of the times at which a sweep checks whether a record has expired. Entries may be stale.
pub const EXPIRIES: Table<(Timestamp, RecordKey), ()> = Table::index("expiries", b"x");

/// The id of this store, which distinguishes it from another store at the same address.
pub const STORE_ID: Table<(), StoreId> = Table::new("store_id", b"mid");
/// Present while an import is in progress.
pub const IMPORTING: Table<(), bool> = Table::new("importing", b"mimporting");
/// The latest cutoff that applies to the sessions of all users.
pub const EVERYONE: Table<(), Cutoff> = Table::new("everyone", b"mcutoff");
/// Present once every user is in [`USERS_BY_EMAIL`].
pub const EMAILS_INDEXED: Table<(), bool> = Table::new("emails_indexed", b"memails");
/// Present once every user is in [`USERS_BY_CREATED`] and [`USER_SEARCH`].
pub const USERS_INDEXED: Table<(), bool> = Table::new("users_indexed", b"musers");
/// Present once every session that may be live is in [`SESSIONS_BY_OPENED`].
pub const SESSIONS_INDEXED: Table<(), bool> = Table::new("sessions_indexed", b"msessions");
/// The latest time that a sweep used as the current time.
pub const SWEPT_UNTIL: Table<(), Timestamp> = Table::new("swept_until", b"mswept");

/// The key of the record format, in raw bytes; `store-sled` writes it when it creates a store.
pub const FORMAT: &[u8] = b"mformat";
/// The key of the number of commits in a store of `store-sled`, in raw bytes.
pub const SLED_COMMITS: &[u8] = b"mcommits";
/// The key of the checksum of the denylist that `store-sled` verifies at startup, in raw bytes.
pub const SLED_LEDGER: &[u8] = b"mdenials";

/// Every table.
pub const TABLES: [TableInfo; 29] = [
    USERS.info,
    IDENTITIES.info,
    USERS_BY_EMAIL.info,
    CREDENTIALS.info,
    ONE_TIME_LINKS.info,
    USERS_BY_CREATED.info,
    USER_SEARCH.info,
    SESSIONS.info,
    SESSION_ORIGINS.info,
    SESSIONS_OF_USER.info,
    SESSIONS_BY_OPENED.info,
    ENDED_SESSIONS_OF_USER.info,
    DELETIONS.info,
    AUDIT_EVENTS.info,
    AUDIT_LOG.info,
    AUDIT_LOG_OF_USER.info,
    HOURS.info,
    DENIALS.info,
    SIGNING_KEYS.info,
    FINISHED_FLOWS.info,
    PAST_FLOWS.info,
    EXPIRIES.info,
    STORE_ID.info,
    IMPORTING.info,
    EVERYONE.info,
    EMAILS_INDEXED.info,
    USERS_INDEXED.info,
    SESSIONS_INDEXED.info,
    SWEPT_UNTIL.info,
];

/// Records of type `V` under keys of type `K`.
#[derive(Debug)]
pub struct Table<K, V> {
    info: TableInfo,
    types: PhantomData<fn(K) -> V>,
}

/// The properties of a table, independent of its record types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableInfo {
    /// The table's name.
    pub name: &'static str,
    /// The prefix of its keys.
    pub prefix: &'static [u8],
    /// Whether the table is an index: all values are empty.
    pub is_index: bool,
    group: Group,
}

/// Which keys form a conflict group: operations read the group as a whole, so adding a key to it is
/// a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    /// No groups.
    None,
    /// One group per user; the keys begin with the user's id.
    User,
    /// The whole table is one group.
    Table,
}

/// A range of keys and records of a table, in key order.
#[derive(Debug)]
pub struct Range<K, V> {
    table: Table<K, V>,
    page: Page,
}

impl<K, V> Table<K, V> {
    const fn new(name: &'static str, prefix: &'static [u8]) -> Self {
        Self {
            info: TableInfo {
                name,
                prefix,
                is_index: false,
                group: Group::None,
            },
            types: PhantomData,
        }
    }

    const fn grouped(mut self, group: Group) -> Self {
        self.info.group = group;
        self
    }

    /// The table's properties.
    pub const fn info(self) -> TableInfo {
        self.info
    }
}

impl<K> Table<K, ()> {
    const fn index(name: &'static str, prefix: &'static [u8]) -> Self {
        let mut table = Self::new(name, prefix);
        table.info.is_index = true;
        table
    }
}

impl<K: Key, V: Value> Table<K, V> {
    /// Encodes a key, prefix included.
    pub fn key(self, key: &K) -> Vec<u8> {
        let mut bytes = self.info.prefix.to_vec();
        key.write(&mut bytes);
        bytes
    }

    /// Decodes a key; `None` if the bytes are not a key of this table.
    pub fn key_of(self, bytes: &[u8]) -> Option<K> {
        K::read(bytes.strip_prefix(self.info.prefix)?)
    }

    /// The read request for the record with this key.
    pub fn at(self, key: &K) -> Read {
        Read::Value(self.key(key))
    }

    /// Decodes a record. An error names `key`, but contains no part of the value.
    pub fn decode(self, key: &[u8], value: &[u8]) -> Result<V, StoreError> {
        V::decode(value).map_err(|error| corrupt(key, &error))
    }

    /// Encodes a record. An error names `key`.
    pub fn encode(self, key: &[u8], value: &V) -> Result<Vec<u8>, StoreError> {
        value.encode().map_err(|error| corrupt(key, &error))
    }

    /// The whole table.
    pub fn all(self) -> Range<K, V> {
        let page = Page {
            prefix: self.info.prefix.to_vec(),
            after: None,
            limit: usize::MAX,
        };
        Range { table: self, page }
    }

    /// The part of the table whose keys begin with this prefix.
    pub fn under(self, prefix: &impl Prefix<K>) -> Range<K, V> {
        let mut range = self.all();
        prefix.write(&mut range.page.prefix);
        range
    }
}

impl<K: Key, V: Value> Range<K, V> {
    /// Sets the maximum number of records.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.page.limit = limit;
        self
    }

    /// The prefix of the keys of the range.
    pub fn prefix(&self) -> &[u8] {
        &self.page.prefix
    }

    /// Starts the range after this encoded key.
    #[must_use]
    pub fn after(mut self, key: Option<Vec<u8>>) -> Self {
        self.page.after = key;
        self
    }

    /// The range's table.
    pub fn table(&self) -> Table<K, V> {
        self.table
    }

    /// The read request for the range.
    pub fn read(&self) -> Read {
        Read::Page(self.page.clone())
    }
}

impl TableInfo {
    /// Whether a key, or the beginning of one, has the prefix of this table.
    pub fn holds(&self, key: &[u8]) -> bool {
        key.starts_with(self.prefix)
    }
}

/// The table that a key, or the beginning of one, belongs to.
pub fn table_of(key: &[u8]) -> Option<&'static TableInfo> {
    TABLES.iter().find(|table| table.holds(key))
}

/// The prefix of the conflict group that a key or prefix belongs to, if any. A conflict group is a
/// set of keys that operations read as a whole: a user's sessions, a user's events, the signing
/// keys.
pub fn conflict_group(key: &[u8]) -> Option<&[u8]> {
    let table = table_of(key)?;
    let length = table.prefix.len();
    match table.group {
        Group::None => None,
        Group::User => key.get(..length + 16),
        Group::Table => key.get(..length),
    }
}

/// A key as printable text, with escapes for other bytes.
pub fn printable(key: &[u8]) -> String {
    key.escape_ascii().to_string()
}

/// The error for a record that cannot be decoded. It gives the position of the error, but contains
/// no part of the value, which may be secret.
pub(crate) fn corrupt(key: &[u8], error: &serde_json::Error) -> StoreError {
    let reason = format!("{:?} error at column {}", error.classify(), error.column());
    StoreError::Corrupt {
        key: printable(key),
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

#[cfg(test)]
mod tests;
