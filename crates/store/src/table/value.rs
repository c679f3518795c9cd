//! Encodings of values: JSON, except for the empty values of indexes.

use latchkey_core::{
    AuditEvent, AuditRecord, Credential, Cutoff, Denial, HourCounts, OneTimeLink, SealedSigningKey,
    Session, SessionOrigin, StoreId, Timestamp, User, UserId,
};

use crate::backup::PastLoginFlow;

/// A value of a table.
pub trait Value: Sized {
    /// Encodes the value.
    fn encode(&self) -> Result<Vec<u8>, serde_json::Error>;

    /// Decodes a value.
    fn decode(bytes: &[u8]) -> Result<Self, serde_json::Error>;
}

/// The empty value of an index.
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
    AuditRecord,
    Credential,
    Cutoff,
    Denial,
    HourCounts,
    OneTimeLink,
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
