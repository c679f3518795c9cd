//! Handlers, one file per endpoint or group of endpoints. A handler parses the request, calls a use
//! case and writes the response. Decisions belong in use cases.

pub(super) mod account;
pub(super) mod activity;
pub(super) mod admin;
pub(super) mod admin_audit;
pub(super) mod admin_denials;
pub(super) mod admin_export;
pub(super) mod admin_keys;
pub(super) mod admin_local_accounts;
pub(super) mod admin_overview;
pub(super) mod admin_sessions;
pub(super) mod admin_users;
pub(super) mod api;
pub(super) mod demo;
pub(super) mod events;
pub(super) mod identities;
pub(super) mod jwks;
pub(super) mod login;
pub(super) mod logout;
pub(super) mod metadata;
pub(super) mod password;
pub(crate) mod providers;
pub(super) mod refresh;
pub(super) mod revoke;
pub(super) mod sessions;
pub(super) mod token;
