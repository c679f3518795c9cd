//! The `latchkey` program as a library, so that tests and examples can use its modules.

pub mod app;
pub mod cli;
pub mod commands;
pub mod config;
pub mod control;
pub mod failure;
mod metrics;
mod signals;
pub mod telemetry;
mod tls;
pub mod web;
