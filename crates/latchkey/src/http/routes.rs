//! One file per endpoint, named as its RFC names it. Here requests are parsed, use cases called,
//! and their values written to the wire; nothing is decided.

pub mod activity;
pub mod admin;
pub mod admin_export;
pub mod api;
pub mod demo;
pub mod events;
pub mod health;
pub mod jwks;
pub mod login;
pub mod logout;
pub mod metadata;
pub mod providers;
pub mod refresh;
pub mod revoke;
pub mod sessions;
pub mod token;
