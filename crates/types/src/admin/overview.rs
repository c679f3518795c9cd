//! The overview in the admin API.

use serde::{Deserialize, Serialize};

/// The response of `GET /api/admin/overview`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Overview {
    /// How many users there are.
    pub users: u64,
    /// How many sessions are open.
    pub live_sessions: u64,
    /// Whether `users` or `live_sessions` is an estimate, because there are too many to count.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub estimated: bool,
    /// How many entries the denylist has.
    pub denials: u64,
    /// The store.
    pub store: StoreInfo,
    /// The version of the server.
    pub version: String,
    /// What happened in each hour of the last seven days, oldest first.
    pub hours: Vec<HourCounts>,
}

/// The store of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StoreInfo {
    /// Its kind: `sled`, `redis`, `postgres` or `memory`; `opened` if an embedding application opened it.
    pub kind: String,
}

/// What happened in one hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HourCounts {
    /// When the hour begins, in seconds since 1970.
    pub at: u64,
    /// Sign-ins.
    pub sign_ins: u64,
    /// Refused sign-ins.
    pub sign_ins_refused: u64,
    /// Refreshes.
    pub refreshes: u64,
    /// Refused refreshes.
    pub refreshes_refused: u64,
    /// Replays of a refresh token.
    pub replays: u64,
    /// Ended sessions.
    pub sessions_ended: u64,
}
