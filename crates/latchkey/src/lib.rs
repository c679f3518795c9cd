//! The Latchkey server: what `main.rs` starts, as a library, so that the tests can start it too.

pub mod accounts;
pub mod app;
pub mod auth;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod control;
pub mod data_dir;
mod files;
pub mod http;
pub mod jobs;
pub mod master_key;
pub mod readiness;
mod signals;
pub mod state;
pub mod store;
pub mod telemetry;
mod tls;
