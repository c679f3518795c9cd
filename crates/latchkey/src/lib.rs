//! The `latchkey` program as a library, so that its tests can start it, too.

pub mod app;
pub mod cli;
pub mod commands;
pub mod config;
pub mod control;
pub mod failure;
mod signals;
pub mod telemetry;
mod tls;
pub mod web;
