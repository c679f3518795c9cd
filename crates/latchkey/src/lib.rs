//! The Latchkey server: what `main.rs` starts, as a library, so that the tests can start it too.

pub mod accounts;
pub mod auth;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod http;
pub mod jobs;
pub mod readiness;
pub mod startup;
pub mod state;
pub mod telemetry;
